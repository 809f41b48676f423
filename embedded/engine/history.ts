import { isoTime } from "./context.ts";

/** One event as GetExecutionHistory returns it; the timestamp is ISO 8601. Details sit under `<camelCaseType>EventDetails`. */
export interface HistoryEvent {
  readonly timestamp: string;
  readonly type: string;
  readonly id: number;
  readonly previousEventId: number;
  readonly [details: string]: unknown;
}

export const EVENT_LIMIT = 25_000;
export const NOT_TRUNCATED = { truncated: false } as const;

/** Types without details, or whose details are named after another type. */
const DETAILS: Readonly<Record<string, string>> = {
  MapIterationStarted: "mapIterationStarted",
  MapIterationSucceeded: "mapIterationSucceeded",
  MapIterationFailed: "mapIterationFailed",
  MapIterationAborted: "mapIterationAborted",
};

export function historyEvent(
  id: number,
  previousEventId: number,
  nowMs: number,
  type: string,
  details: Readonly<Record<string, unknown>> | undefined,
): HistoryEvent {
  const base = { timestamp: isoTime(nowMs), type, id, previousEventId };
  return details === undefined ? base : { ...base, [detailsKey(type)]: details };
}

function detailsKey(type: string): string {
  if (type.endsWith("StateEntered")) return "stateEnteredEventDetails";
  if (type.endsWith("StateExited")) return "stateExitedEventDetails";
  const known = DETAILS[type];
  return `${known ?? type.charAt(0).toLowerCase() + type.slice(1)}EventDetails`;
}
