import { userInfo } from "node:os";
import * as z from "zod";
import { isFailure } from "../../../core/model/failures.ts";
import { LONGEST_OVERRIDE_DAYS, newOverride, type ScheduleOverride } from "../../../core/model/schedules/override.ts";
import { badInput, EXIT, table } from "../output.ts";
import { useSchedules } from "../schedule-board.ts";
import type { Verb } from "../verb.ts";

export const schedulesList: Verb = {
  usage: "list",
  isDefault: true,
  summary: "List schedules: declared and actual state, the next tick and what became of the last",
  home: "either",
  examples: ["schedules", "schedules --json"],
  async run(_, context) {
    const found = await (await useSchedules(context)).list();
    context.out.result(found, () =>
      found.length === 0
        ? "No schedule is deployed."
        : table(
            ["schedule", "starts", "expression", "zone", "declared", "state", "next (UTC)", "last tick", "why"],
            found.map((one) => [
              one.id,
              `${one.domain} ${one.job}`,
              one.expression,
              one.timeZone,
              one.declared,
              one.state,
              one.next?.scheduledTime,
              one.lastTick === null ? null : `${one.lastTick.scheduledTime} ${one.lastTick.outcome}`,
              one.override === null ? "" : one.why,
            ]),
          ),
    );
    return EXIT.ok;
  },
};

const SwitchOptions = z.looseObject({
  until: z.string().optional(),
  reason: z.string().optional(),
  author: z.string().optional(),
});

const switchVerb = (state: "on" | "off"): Verb => ({
  usage: `${state} <schedule>`,
  summary: `Switch a schedule ${state} against its declaration, for a while and for a reason`,
  options: [
    [
      "--until <time>",
      `when the declaration counts again: 90m, 12h, 7d or a time, at most ${LONGEST_OVERRIDE_DAYS} days`,
    ],
    ["--reason <text>", "why"],
    ["--author <name>", "who (default: the user of this machine)"],
  ],
  home: "either",
  examples: [`schedules ${state} sweep --until 12h --reason "the source is being moved"`],
  async run({ args: [schedule = ""], options }, context) {
    const { until, reason, author = userInfo().username } = SwitchOptions.parse(options);
    const order = checked({ schedule, state, author, reason, until });
    const found = await (await useSchedules(context)).override(schedule, order);
    context.out.result(found, () => `${found.id} is ${found.state}. ${found.why}`);
    return EXIT.ok;
  },
});

/** The home checks it too; here a mistake is one of the command line. */
function checked(given: Parameters<typeof newOverride>[0]): ScheduleOverride {
  try {
    return newOverride(given, new Date());
  } catch (error) {
    throw isFailure(error) ? badInput(error.message, error.info.hint ?? "", error.code) : error;
  }
}

export const schedulesOn = switchVerb("on");
export const schedulesOff = switchVerb("off");

export const schedulesClear: Verb = {
  usage: "clear <schedule>",
  summary: "End an override early: the declaration counts again",
  home: "either",
  examples: ["schedules clear sweep"],
  async run({ args: [schedule = ""] }, context) {
    const found = await (await useSchedules(context)).clear(schedule);
    context.out.result(found, () => `${found.id} is ${found.state}. ${found.why}`);
    return EXIT.ok;
  },
};

const TicksOptions = z.looseObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.string().optional(),
});

export const schedulesTicks: Verb = {
  usage: "ticks <schedule>",
  summary: "List what became of a schedule's ticks, newest first",
  options: [
    ["--limit <n>", "how many (default 100, at most 1000)"],
    ["--after <time>", "the page after this tick: `next` of the page before"],
  ],
  home: "either",
  examples: ["schedules ticks sweep", "schedules ticks sweep --limit 10 --json"],
  async run({ args: [schedule = ""], options }, context) {
    const { limit, after } = TicksOptions.parse(options);
    const page = await (await useSchedules(context)).ticks(schedule, { limit, after });
    context.out.result({ ticks: page.ticks, next: page.next ?? null }, () =>
      page.ticks.length === 0
        ? "No tick is on record yet."
        : [
            table(
              ["scheduled", "outcome", "decided", "run", "why"],
              page.ticks.map((one) => [
                one.scheduledTime,
                one.outcome,
                one.decidedAt.slice(0, 19),
                one.start?.name,
                one.why,
              ]),
            ),
            ...(page.next === undefined ? [] : [`More: --after ${page.next}`]),
          ].join("\n"),
    );
    return EXIT.ok;
  },
};

const PreviewOptions = z.looseObject({ count: z.coerce.number().int().min(1).max(1_000).default(5) });

export const schedulesPreview: Verb = {
  usage: "preview <schedule>",
  summary: "Show the next ticks, and what each would do if all stayed as it is now",
  options: [["--count <n>", "how many (default 5)"]],
  home: "either",
  examples: ["schedules preview sweep", "schedules preview sweep --count 20 --json"],
  async run({ args: [schedule = ""], options }, context) {
    const { count } = PreviewOptions.parse(options);
    const found = await (await useSchedules(context)).preview(schedule, count);
    context.out.result(found, () =>
      found.length === 0
        ? "It never fires again."
        : table(
            ["UTC", "in its zone", "outcome", "why"],
            found.map(({ scheduledTime, local, outcome, why }) => [scheduledTime, local, outcome, why]),
          ),
    );
    return EXIT.ok;
  },
};
