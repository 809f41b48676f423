import * as z from "zod";
import { isClosing } from "../../../core/model/alerts/alert-event.ts";
import type { AlertRecord } from "../../../core/model/alerts/alert-record.ts";
import { fingerprintOf } from "../../../core/model/alerts/fingerprint.ts";
import type { Alerts } from "../../../core/io/alerts.ts";
import { useAlerts } from "../kernel.ts";
import { EXIT, table } from "../output.ts";
import type { Verb } from "../verb.ts";

const PAGE = 50;
const MOST = 10_000;
const Options = z.looseObject({
  limit: z.coerce.number().int().min(1).max(MOST).optional(),
  before: z.coerce.date().optional(),
});

interface Alert {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly pipeline: string;
  readonly partition: string | null;
  readonly step: string | null;
  readonly class: string | null;
  readonly errorName: string | null;
  /** `sent`, `counted`, `waiting`, `not sent` */
  readonly status: string;
  readonly reason: string | null;
  readonly sentAt: string | null;
  readonly lastError: string | null;
  readonly event: AlertRecord["event"];
}

/** Alerts as they are kept, newest first. `before`: those that are older than this time (ISO 8601). */
async function readAlerts(alerts: Pick<Alerts, "page">, limit: number, before?: string): Promise<Alert[]> {
  const found: Alert[] = [];
  for (let after = before; ;) {
    const { records, next } = await alerts.page({
      limit: limit - found.length,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...records.map(viewOf));
    if (next === undefined || found.length >= limit) return found.slice(0, limit);
    after = next;
  }
}

function viewOf({ event, status, reason, sentAt, lastError }: AlertRecord): Alert {
  const { id, at, kind, pipeline } = event;
  const cause = isClosing(event) ? { step: null, class: null, errorName: null } : fingerprintOf(event);
  return {
    ...{ id, at, kind, pipeline },
    partition: "item" in event ? (event.item?.partition ?? null) : null,
    ...{ step: cause.step, class: cause.class, errorName: cause.errorName },
    status: status === "not-sent" ? "not sent" : status,
    ...{ reason, sentAt, lastError, event },
  };
}

/** The name that a set of checks is counted under says nothing to people. */
const nameOf = ({ event, errorName }: Alert): string | null =>
  event.kind === "checks-failed" ? event.checks.map(({ check }) => check).join(", ") : errorName;

export const alerts: Verb = {
  usage: "alerts",
  summary: "List alerts, newest first, and what became of them",
  options: [
    ["--limit <n>", `how many (default ${PAGE}, with --json ${MOST})`],
    ["--before <time>", "only those that are older (ISO 8601)"],
  ],
  home: "either",
  examples: ["alerts", "alerts --limit 5 --json", "alerts --before 2026-01-15T08:00:00Z"],
  async run({ options }, context) {
    const { limit = context.out.json ? MOST : PAGE, before } = Options.parse(options);
    const found = await readAlerts(await useAlerts(context), limit, before?.toISOString());
    context.out.result(found, () =>
      found.length === 0
        ? "No alert. Nothing has failed."
        : table(
            ["at", "kind", "pipeline", "partition", "step", "class", "error", "status"],
            found.map((one) => [
              one.at.slice(0, 19),
              one.kind,
              one.pipeline,
              one.partition,
              one.step,
              one.class,
              nameOf(one),
              [one.status, one.reason ?? one.lastError].filter((part) => part !== null).join(": "),
            ]),
          ),
    );
    return EXIT.ok;
  },
};
