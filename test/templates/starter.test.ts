import { expect, it } from "vitest";
import * as z from "zod";
import { landingKey } from "../../bin/cli/landing-keys.ts";
import { aslRun } from "../../embedded/engine/asl-run.ts";
import type { Json } from "../../embedded/engine/json.ts";
import { checkDefinition } from "../../lib/checks/asl.ts";
import { STARTER_DEFINITION, STARTER_SUBSTITUTIONS, type StartRequest } from "../../lib/constructs/starter.ts";
import { openedx } from "../../state-machines/openedx/pipeline.ts";

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

const s3Event = (key: string, more: object = {}): object => ({
  id: "4f3a",
  time: "2026-01-15T10:00:00Z",
  detail: { bucket: { name: "landing" }, object: { key, size: 7, etag: "e1", "version-id": "v1", ...more } },
});

/** What the rule of a trigger sends when an object lands. */
function landing(id: string, key: string, object: object = {}): StartRequest & { event: object } {
  const trigger = openedx.triggers.find((one) => one.id === id);
  if (trigger?.kind !== "landing") throw new Error(`There is no landing ${id}.`);
  const { job, prefix } = trigger;
  return { domain: "openedx", job, trigger: id, prefix, event: s3Event(key, object) };
}
const log = (more: object = {}) =>
  landing("tracking_log_mitxonline", landingKey("tracking_log", "mitxonline", "shard.log.gz", "2026-01-15"), more);

const materialised = (detail: object, more: object = {}): object => ({
  domain: "lakehouse",
  job: "build",
  trigger: "asset_materialized",
  event: { id: "9c1d", time: "2026-01-15T10:00:00Z", detail, ...more },
});

it("follows the rules of every machine that hold for it", () => {
  const problems = checkDefinition(STARTER_DEFINITION, { substitutions: STARTER_SUBSTITUTIONS, withoutTasks: true });
  expect(problems).toEqual([]);
});

it("names runs so that a person reads what they work on", async () => {
  const course = landingKey("course_archive", "mitx", "course-v1:MITx+6.00.1x+2T2026.tar.gz");
  const edxorg = landingKey("tracking_log", "edxorg", "mitx-edx-events-2026-01-15.log.gz");
  const asset = "mitxonline/openedx/raw_data/tracking_logs";
  const names = [
    log(),
    landing("tracking_log_edxorg", edxorg),
    landing("course_archive_mitx", course),
    materialised({ asset, partition: "2026-01-15", eventId: "deterministic" }),
    materialised({ asset: "mitx/openedx/raw_data/course_xml", partition: "course-v1:MITx+6.00.1x+2T2026_Spring" }),
    { domain: "lakehouse", job: "build", trigger: "sweep", scheduledTime: "2026-01-15T04:20:00Z" },
  ].map(nameOf);
  expect(`\n${(await Promise.all(names)).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    tracking_log_mitxonline-logs-2026-01-15-shard-39627d0abeee
    tracking_log_edxorg-COLD-mitx-edx-events-2026-01-15-e60849be6e75
    course_archive_mitx-course-v1-MITx-6-00-1x-2T2026-3d264c9c3d9f
    build-mitxonline-openedx-raw_data-tracking_logs-2026-01-15-6ba8b2d5e041
    build-mitx-openedx-raw_data-cours--se-v1-MITx-6-00-1x-2T2026_Spring-76dd43c0efb0
    sweep-2026-01-15T04-20-00Z-87ca3622a6a6
    "
  `);
});

it("gives the machine the object, the event or the tick, as its jobs expect it", async () => {
  const inputs = [
    log(),
    materialised({ asset: "a", partition: "p" }),
    { domain: "lakehouse", job: "build", trigger: "sweep", scheduledTime: "2026-01-15T04:20:00Z" },
  ].map(async (input) => (await started(input)).Input);
  expect(await Promise.all(inputs)).toEqual([
    {
      job: "tracking_log",
      trigger: "tracking_log_mitxonline",
      bucket: "landing",
      key: "sources/tracking-mitxonline/logs/2026-01-15/shard.log.gz",
      versionId: "v1",
      etag: "e1",
      sizeBytes: 7,
      eventId: "4f3a",
      eventTime: "2026-01-15T10:00:00Z",
    },
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

it("gives a delivery that comes twice the same name, and the same bytes landed again another", async () => {
  const twice = { ...log(), event: { ...log().event, id: "another delivery", time: "2026-01-15T10:00:09Z" } };
  expect(await nameOf(twice)).toBe(await nameOf(log()));
  expect(await nameOf(log({ "version-id": "v2" }))).not.toBe(await nameOf(log()));
  const event = { asset: "a", partition: "p", eventId: "deterministic" };
  expect(await nameOf(materialised(event, { id: "published again" }))).toBe(await nameOf(materialised(event)));
  expect(await nameOf(materialised(event, { "replay-name": "may" }))).not.toBe(await nameOf(materialised(event)));
  expect(await nameOf({ ...materialised(event), domain: "catalogue" })).not.toBe(await nameOf(materialised(event)));
});

it("makes a legal name of every key, and different ones of different keys", async () => {
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
  const prefix = "sources/tracking-mitxonline/";
  const keys = new Set(
    Array.from({ length: 150 }, () =>
      Array.from({ length: random(9) }, () => pieces[random(pieces.length)] ?? "").join(""),
    ),
  );
  const names = new Set<string>();
  for (const key of keys) names.add(await nameOf(landing("tracking_log_mitxonline", prefix + key)));
  expect(names.size).toBe(keys.size);
  expect([...names].filter((name) => !/^[A-Za-z0-9_-]{1,80}$/.test(name))).toEqual([]);
});

it("takes a run that was started before for started, and keeps what cannot be started", async () => {
  const again = await run(log(), { error: "StepFunctions.ExecutionAlreadyExistsException" });
  expect(again.status).toBe("SUCCEEDED");
  expect(scheduled(again)).toEqual(["startExecution"]);
  const refused = await run(log(), { error: "StepFunctions.StateMachineDoesNotExistException" });
  expect(refused).toMatchObject({ status: "FAILED", error: "StepFunctions.StateMachineDoesNotExistException" });
  expect(scheduled(refused)).toEqual(["startExecution", "sendMessage"]);
  expect(refused.cause).toContain("shard.log.gz");
  const unheard = await run({ job: "build" });
  expect(unheard).toMatchObject({ status: "FAILED", error: "Misconfigured" });
  expect(scheduled(unheard)).toEqual(["sendMessage"]);
});

it.each(["StepFunctions.Unheard", "States.Timeout"])(
  "asks again for minutes after %s, and has time left to keep the event before an Express machine is ended",
  async (error) => {
    const { history, status } = await run(log(), { error });
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
