import * as z from "zod";
import { durationText } from "../../../core/model/backfills/estimate.ts";
import { waitText } from "../../../core/model/lanes/wait-reason.ts";
import { badInput, EXIT, table } from "../output.ts";
import { AUTHOR_OPTION, Authored, timeText, useKernel } from "../kernel.ts";
import type { Verb } from "../verb.ts";

/** Waiting runs of each lane that are listed. */
const LISTED = 50;

export const lanesList: Verb = {
  usage: "list",
  isDefault: true,
  summary: "List lanes: slots, who holds them, who waits and why, and for how long",
  home: "either",
  examples: ["lanes", "lanes --json"],
  async run(_, context) {
    const { lanes } = await useKernel(context);
    const now = Date.now();
    const found = await Promise.all(
      (await lanes.state(now)).map(async (lane) => ({
        ...lane,
        queue: await lanes.waiting(lane.id, { limit: LISTED }),
      })),
    );
    context.out.result(found, () =>
      [
        table(
          ["lane", "domain", "slots", "held", "waiting", "oldest", "closed"],
          found.map(({ id, domain, slots, running, waiting, oldestMs, closed }) => [
            ...[id, domain, slots, running.length, `${waiting.count}${waiting.more ? " or more" : ""}`],
            oldestMs === undefined ? null : durationText(oldestMs),
            closed === null ? "" : `${closed.class}: ${closed.reason}`,
          ]),
        ),
        ...found.flatMap(({ id, running, queue }) =>
          running.length + queue.length === 0
            ? []
            : [
                "",
                table(
                  [id, "run", "since", "why"],
                  [
                    ...running.map(({ name, grantedAt }) => ["has a slot", name, timeText(grantedAt), ""]),
                    ...queue.map((one) => [
                      `waits (${one.priority})`,
                      one.name,
                      timeText(one.since),
                      waitText(one.reason),
                    ]),
                  ],
                ),
              ],
        ),
      ].join("\n"),
    );
    return EXIT.ok;
  },
};

const CloseOptions = Authored.extend({ reason: z.string().min(1) });

export const lanesClose: Verb = {
  usage: "close <lane>",
  summary: "Start no more runs of a lane: what runs goes on, what comes waits",
  options: [["--reason <text>", "why, and what opens it again"], AUTHOR_OPTION],
  home: "either",
  examples: [`lanes close openedx --reason "the source is down until noon"`],
  async run({ args: [lane = ""], options }, context) {
    const given = CloseOptions.safeParse(options);
    if (!given.success) throw badInput("--reason is missing.", "Others must know why nothing runs: --reason TEXT.");
    const { reason, author } = given.data;
    const { lanes } = await useKernel(context);
    const closed = { class: "operator", reason: `${author}: ${reason}`, since: Date.now() };
    await lanes.close(lane, closed);
    context.out.result({ lane, closed }, () => `${lane} is closed. Open it with \`npx millrace lanes open ${lane}\`.`);
    return EXIT.ok;
  },
};

export const lanesOpen: Verb = {
  usage: "open <lane>",
  summary: "Open a lane that was closed by an operator or by a Misconfigured run, and start what has waited",
  home: "either",
  examples: ["lanes open openedx"],
  async run({ args: [lane = ""] }, context) {
    const { lanes } = await useKernel(context);
    const { started } = await lanes.open(lane, Date.now());
    context.out.result({ lane, started }, () => `${lane} is open. Started ${started.length}.`);
    return EXIT.ok;
  },
};
