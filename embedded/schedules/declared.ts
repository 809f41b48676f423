import { ScheduleDeclaration } from "../../core/model/schedules/declaration.ts";
import { isObject, member, parseJson, text, type JsonObject } from "../assembly/json.ts";
import type { Schedule } from "../assembly/triggers.ts";

export interface DeclaredSchedule {
  /** Name of the deployed schedule. */
  readonly name: string;
  readonly declaration: ScheduleDeclaration;
  /** It is deployed as ENABLED: without ticks there is nothing to decide, so no override can switch it on. */
  readonly ticks: boolean;
}

/** From here on a retry policy means that a missed tick is made up for. */
const RUN_ONCE_SECONDS = 3_600;

/**
 * The declarations behind what is deployed: each schedule's input carries its own, or names what it starts. When it
 * ticks and whether it is on are read from the deployed resource, so that a difference shows. Others are left out.
 */
export function declaredSchedules(schedules: readonly Schedule[]): DeclaredSchedule[] {
  return schedules.flatMap(({ name, expression, timeZone, enabled, input, maximumAgeSeconds }) => {
    const request = jsonOf(input);
    const carried = member(request, "schedule");
    const parsed = ScheduleDeclaration.safeParse({
      ...{ id: text(request["trigger"]), domain: text(request["domain"]), job: text(request["job"]) },
      ...{ misfire: maximumAgeSeconds >= RUN_ONCE_SECONDS ? "run-once" : "skip" },
      ...carried,
      ...{ expression, timeZone, enabled: enabled && carried["enabled"] !== false },
    });
    return parsed.success ? [{ name, declaration: parsed.data, ticks: enabled }] : [];
  });
}

/** A target may be sent plain text. */
function jsonOf(input: string): JsonObject {
  try {
    const value = parseJson(input);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
