import { expect, test } from "vitest";
import { openCoordination } from "../../core/io/coordination.ts";
import { outputWrite } from "../../core/io/run-outputs.ts";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { memoryObjects } from "../../test/standins/memory-objects.ts";
import { consumersOfRuns } from "./landing-consumers.ts";

const HOUR_MS = 3_600_000;
const START = 1_000_000;
const partition = "mitx-2026-01-04.tar.gz";
const archive = { asset: "archive", partition };
const table = (id: string) => ({ id, domain: "tables", job: "load", lane: "tables", upstreams: ["archive"] });
const assets = [{ id: "archive", domain: "edxorg", job: "unpack" }, table("one"), table("other")];

/** Two tables are made of an archive, in a lane of one slot. */
function world() {
  let time = START;
  const [executions, ledger] = [new MemoryExecutions(), memoryLedger(() => time / 1_000)];
  executions.clock = () => new Date(time);
  const buckets = { landing: "l", lake: "k", quarantine: "q", artifacts: "a", drops: "d" };
  const lanes = ["edxorg", "tables"].map((id) => ({ id, domain: id, slots: 1 }));
  const coordination = openCoordination({
    io: { ledger, objects: memoryObjects(), executions },
    settings: {
      ...{ environment: "qa", buckets },
      machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-qa-",
      runs: { lanes, cap: 10, failedOnceDelayMs: 600_000, assets },
    },
    now: () => time,
  });
  /** What the lanes have done an hour later. */
  const anHourLater = async () => {
    await coordination.lanes.tick((time += HOUR_MS));
    await coordination.lanes.dispatch(["tables"], time);
  };
  const consumers = (...runs: string[]) => consumersOfRuns(ledger, assets, runs);
  return { executions, ledger, coordination, anHourLater, consumers };
}

async function unpacked() {
  const home = world();
  const { coordination, executions, ledger, anHourLater, consumers } = home;
  const landed = { upstream: "landing", version: "v1", at: START };
  await coordination.observed(archive, landed, { domain: "edxorg", lane: "edxorg", input: { job: "unpack" } });
  const [run = ""] = (await coordination.lanes.dispatch(["edxorg"], START)).started;
  await ledger.write([outputWrite(run, { ...archive, dataVersion: "d1", at: START })]);
  executions.end("edxorg", run, { status: "SUCCEEDED" });
  expect(await consumers(run)).toEqual({ requested: [], untold: 1 });
  await anHourLater();
  return { ...home, run };
}

test("runs of consumers are known from the end of the run that they follow to their own", async () => {
  const { executions, anHourLater, consumers, run } = await unpacked();
  const found = await consumers(run);
  expect(found).toMatchObject({ requested: [{ lane: "tables" }, { lane: "tables" }], untold: 0 });
  // One has the slot, the other waits for it.
  for (const begun of [1, 2]) {
    const names = executions.all.filter(({ domain }) => domain === "tables").map(({ name }) => name);
    expect(names).toHaveLength(begun);
    executions.end("tables", names.at(-1) ?? "", { status: "SUCCEEDED" });
    await anHourLater();
    expect(await consumers(run)).toEqual(found);
  }
  // They have made nothing that anything is made of.
  expect(await consumers(...found.requested.map((one) => one.run))).toEqual({ requested: [], untold: 0 });
});

test("one that failed is not waited for because it is asked for once more", async () => {
  const { executions, anHourLater, coordination, consumers, run } = await unpacked();
  const before = await consumers(run);
  const first = executions.all.find(({ domain }) => domain === "tables");
  executions.end("tables", first?.name ?? "", { status: "FAILED", error: "Transient", cause: "{}" });
  await anHourLater();
  const states = await Promise.all(["one", "other"].map((asset) => coordination.items.read({ asset, partition })));
  expect(states.flatMap((state) => state?.runs ?? [])).toContainEqual(
    expect.objectContaining({ reasons: ["failed-once"] }),
  );
  expect(await consumers(run)).toEqual(before);
});
