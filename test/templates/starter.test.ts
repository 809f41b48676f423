import { expect, it } from "vitest";
import * as z from "zod";
import { aslRun } from "../../embedded/engine/asl-run.ts";
import type { Json } from "../../embedded/engine/json.ts";
import { checkDefinition } from "../../lib/checks/asl.ts";
import { STARTER_DEFINITION, STARTER_SUBSTITUTIONS } from "../../lib/constructs/starter.ts";

const Started = z.object({ Name: z.string(), Input: z.record(z.string(), z.unknown()) });
const Scheduled = z.looseObject({ taskScheduledEventDetails: z.object({ parameters: z.string() }) });
type Outcome = { readonly result: Json } | { readonly error: string };

/** Runs the starter with a mocked start. */
const run = (input: object, start: Outcome = { result: {} }) =>
  aslRun({ definition: STARTER_DEFINITION, input: input as Json, mocks: { Start: [start], Keep: [{ result: {} }] } });

async function started(input: object): Promise<z.infer<typeof Started>> {
  const { history } = await run(input);
  const [first] = history.flatMap((event) => Scheduled.safeParse(event).data ?? []);
  return Started.parse(JSON.parse(first?.taskScheduledEventDetails.parameters ?? "{}"));
}
const nameOf = async (input: object): Promise<string> => (await started(input)).Name;

const materialised = (detail: object, more: object = {}): object => ({
  domain: "lakehouse",
  job: "build",
  trigger: "asset_materialized",
  event: { id: "9c1d", time: "2026-01-15T10:00:00Z", detail, ...more },
});

const one = (): object => materialised({ asset: "a", partition: "p", eventId: "deterministic" });

it("follows the rules of every machine that hold for it", () => {
  const problems = checkDefinition(STARTER_DEFINITION, { substitutions: STARTER_SUBSTITUTIONS, withoutTasks: true });
  expect(problems).toEqual([]);
});

it("names runs so that a person reads what they work on", async () => {
  const asset = "mitxonline/openedx/raw_data/tracking_logs";
  const names = [
    materialised({ asset, partition: "2026-01-15", eventId: "deterministic" }),
    materialised({ asset: "mitx/openedx/raw_data/course_xml", partition: "course-v1:MITx+6.00.1x+2T2026_Spring" }),
    { domain: "lakehouse", job: "build", trigger: "sweep", scheduledTime: "2026-01-15T04:20:00Z" },
  ].map(nameOf);
  expect(`\n${(await Promise.all(names)).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    build-mitxonline-openedx-raw_data-tracking_logs-2026-01-15-6ba8b2d5e041
    build-mitx-openedx-raw_data-cours--se-v1-MITx-6-00-1x-2T2026_Spring-76dd43c0efb0
    sweep-2026-01-15T04-20-00Z-87ca3622a6a6
    "
  `);
});

it("gives the machine the event or the tick, as its jobs expect it", async () => {
  const inputs = [
    materialised({ asset: "a", partition: "p" }),
    { domain: "lakehouse", job: "build", trigger: "sweep", scheduledTime: "2026-01-15T04:20:00Z" },
  ].map(async (input) => (await started(input)).Input);
  expect(await Promise.all(inputs)).toEqual([
    {
      job: "build",
      trigger: "asset_materialized",
      event: { asset: "a", partition: "p" },
      eventId: "9c1d",
      eventTime: "2026-01-15T10:00:00Z",
    },
    { job: "build", trigger: "sweep" },
  ]);
});

it("gives a delivery that comes twice the same name, and an event that is another another", async () => {
  const event = { asset: "a", partition: "p", eventId: "deterministic" };
  expect(await nameOf(materialised(event, { id: "published again" }))).toBe(await nameOf(materialised(event)));
  expect(await nameOf(materialised(event, { "replay-name": "may" }))).not.toBe(await nameOf(materialised(event)));
  expect(await nameOf({ ...materialised(event), domain: "catalogue" })).not.toBe(await nameOf(materialised(event)));
});

it("makes a legal name of every partition, and different ones of different partitions", async () => {
  const pieces = [
    "logs/",
    "2026-01-15",
    "é😀",
    " ",
    '"',
    "\\",
    "<>{}[]?*#%^|~`$&,;:/",
    "a".repeat(60),
    "-",
    "_",
    ".gz",
    "+",
  ];
  let state = 7;
  const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  const partitions = new Set(
    Array.from({ length: 150 }, () =>
      Array.from({ length: random(9) }, () => pieces[random(pieces.length)] ?? "").join(""),
    ),
  );
  const names = new Set<string>();
  for (const partition of partitions) {
    names.add(await nameOf(materialised({ asset: "a", partition, eventId: `of ${partition}` })));
  }
  expect(names.size).toBe(partitions.size);
  expect([...names].filter((name) => !/^[A-Za-z0-9_-]{1,80}$/.test(name))).toEqual([]);
});

it("takes a run that was started before for started, and keeps what cannot be started", async () => {
  const again = await run(one(), { error: "StepFunctions.ExecutionAlreadyExistsException" });
  expect(again.status).toBe("SUCCEEDED");
  expect(scheduled(again)).toEqual(["startExecution"]);
  const refused = await run(one(), { error: "StepFunctions.StateMachineDoesNotExistException" });
  expect(refused).toMatchObject({ status: "FAILED", error: "StepFunctions.StateMachineDoesNotExistException" });
  expect(scheduled(refused)).toEqual(["startExecution", "sendMessage"]);
  expect(refused.cause).toContain("deterministic");
  const unheard = await run({ job: "build" });
  expect(unheard).toMatchObject({ status: "FAILED", error: "Misconfigured" });
  expect(scheduled(unheard)).toEqual(["sendMessage"]);
});

it.each(["StepFunctions.Unheard", "States.Timeout"])(
  "asks again for minutes after %s, and has time left to keep the event before an Express machine is ended",
  async (error) => {
    const { history, status } = await run(one(), { error });
    expect(status).toBe("FAILED");
    const tasks = history.filter(({ type }) => type === "TaskScheduled");
    expect(tasks).toHaveLength(1 + 8 + 1);
    const times = history.map(({ timestamp }) => Date.parse(timestamp));
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(230_000);
  },
);

const scheduled = ({ history }: Awaited<ReturnType<typeof aslRun>>): unknown[] =>
  history.flatMap(({ type, taskScheduledEventDetails: details }) =>
    type === "TaskScheduled" ? [z.looseObject({ resource: z.string() }).parse(details).resource] : [],
  );
