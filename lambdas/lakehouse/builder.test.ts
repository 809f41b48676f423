import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import type { Ledger } from "../../core/io/ports.ts";
import type { AssetMaterialized } from "../../core/model/events.ts";
import { BUILD_CLAIM_MS, IDLE_CLAIM_MS, begin, finish } from "../../core/model/staleness.ts";
import { changeBuilder } from "./builder-item.ts";
import { markStale } from "./mark-stale.ts";
import { releaseBuild } from "./release-build.ts";
import { staleInputs } from "./stale-inputs.ts";

let folder: string;
let ledger: ReturnType<typeof embeddedLedger>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-builder-"));
  ledger = embeddedLedger(folder);
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const TABLE = "raw.raw__mitx__openedx__tracking_logs";

const event = (over: Partial<AssetMaterialized> = {}): AssetMaterialized => ({
  version: 1,
  asset: "mitx/openedx/raw_data/tracking_logs",
  partition: "2024-01-01",
  dataVersion: "v1",
  codeVersion: "1",
  tables: [TABLE],
  runId: "ingest",
  materializedAt: "2024-01-01T00:00:00Z",
  ...over,
});

describe("MarkStale", () => {
  it("marks the tables of a change and makes the first run the builder", async () => {
    expect(await markStale(ledger, { event: event(), all: false }, "one")).toEqual({ build: true, mark: 1 });
    expect(await staleInputs(ledger, 0)).toEqual([TABLE]);
    expect(await staleInputs(ledger, 1)).toEqual([]);
    const other = event({ partition: "2024-01-02" });
    expect(await markStale(ledger, { event: other, all: false }, "two")).toEqual({ build: false, mark: 2 });
  });

  it("takes the same change once, however often it is told", async () => {
    await markStale(ledger, { event: event(), all: false }, "one");
    expect(await markStale(ledger, { event: event(), all: false }, "one")).toEqual({ build: true, mark: 1 });
    expect(await markStale(ledger, { event: event({ codeVersion: "2" }), all: false }, "one")).toMatchObject({
      mark: 2,
    });
  });

  it("takes a version that a person had made again as news, once for their run", async () => {
    await markStale(ledger, { event: event(), all: false }, "one");
    const again = { event: event({ repeatedBy: "rerun" }), all: false };
    expect(await markStale(ledger, again, "one")).toMatchObject({ mark: 2 });
    expect(await markStale(ledger, again, "one")).toMatchObject({ mark: 2 });
    expect(await markStale(ledger, { event: event(), all: false }, "one")).toMatchObject({ mark: 2 });
    expect(await markStale(ledger, { event: event({ repeatedBy: "another" }), all: false }, "one")).toMatchObject({
      mark: 3,
    });
  });

  it("does nothing for tables that dbt wrote itself", async () => {
    const own = event({ asset: "lakehouse/marts", tables: ["marts.marts__openedx__course_content"] });
    expect(await markStale(ledger, { event: own, all: false }, "one")).toEqual({ build: false, mark: 0 });
  });

  it("marks everything for an operator, once per run", async () => {
    expect(await markStale(ledger, { all: true }, "one")).toEqual({ build: true, mark: 1 });
    expect(await markStale(ledger, { all: true }, "one")).toEqual({ build: true, mark: 1 });
  });

  it("loses no mark of a burst", async () => {
    const days = Array.from({ length: 40 }, (_, day) => event({ partition: `day ${day}` }));
    const answers = await Promise.all(days.map((one, n) => markStale(ledger, { event: one, all: false }, `run ${n}`)));
    expect(answers.filter(({ build }) => build)).toHaveLength(1);
    expect(new Set(answers.map(({ mark }) => mark)).size).toBe(40);
  });
});

describe("ReleaseBuild", () => {
  it("ends the run with the failure of its build", async () => {
    await markStale(ledger, { event: event(), all: false }, "one");
    const world = new World(ledger);
    await world.build("one", { fails: true });
    await expect(releaseBuild(ledger, "one")).rejects.toMatchObject({ name: "Malformed", code: "dbt_model_failed" });
    expect(await staleInputs(ledger, 0)).toEqual([TABLE]);
  });

  it("frees the claim of a build that died, gives newer marks their round, and ends as the build did", async () => {
    const world = new World(ledger);
    const at = world.now;
    await markStale(ledger, { event: event(), all: false }, "one", world.clock);
    await world.build("one", { crashes: true });
    world.now = at;
    await markStale(ledger, { event: event({ partition: "later" }), all: false }, "two", world.clock);
    expect(await releaseBuild(ledger, "two", { now: world.clock })).toEqual({ again: false });
    const died = { name: "Transient", code: "worker_lost", message: "killed", retryable: true };
    expect(await releaseBuild(ledger, "one", { died, now: world.clock })).toEqual({ again: true });
    await world.build("one", { crashes: true });
    world.now = at;
    await expect(releaseBuild(ledger, "one", { died, now: world.clock })).rejects.toMatchObject({ name: "Transient" });
    expect(await markStale(ledger, { all: false }, "sweep", world.clock)).toMatchObject({ build: true });
  });
});

/** A clock, and what happened: builds with the marks that existed when they began. */
class World {
  now = 1_000_000;
  active = 0;
  most = 0;
  covered = 0;
  builds = 0;
  readonly ledger: Ledger;

  constructor(ledgerOfWorld: Ledger) {
    this.ledger = ledgerOfWorld;
  }

  readonly clock = (): number => this.now;

  /** BuildModels without dbt. A crash ends it after it began; its claim then runs out. */
  async build(run: string, { fails = false, crashes = false } = {}): Promise<boolean> {
    this.builds += 1;
    const token = `${run} build ${this.builds}`;
    const begun = await changeBuilder(this.ledger, (state) => {
      const result = begin(state, { run, token, project: "p" }, this.now);
      return { state: result?.state, result };
    });
    if (begun === undefined) return true;
    this.active += 1;
    this.most = Math.max(this.most, this.active);
    // dbt at work, long enough for one that lost a race to come back in between (its pause is real time).
    await pause(8);
    await this.ledger.get("lakehouse", "builder");
    this.active -= 1;
    if (crashes) {
      this.now += BUILD_CLAIM_MS;
      return false;
    }
    const failure = { name: "Malformed", code: "dbt_model_failed", message: "no", retryable: true };
    const counted = await changeBuilder(this.ledger, (state) => {
      const next = finish(state, token, fails ? { failure } : { project: "p" }, this.now);
      return { state: next, result: next !== undefined };
    });
    if (counted && !fails) this.covered = Math.max(this.covered, begun.goal);
    return counted;
  }

  /** The machine: mark, build, release, and round again. */
  async execution(run: string, partition: string, fate: Fate): Promise<void> {
    const { build } = await markStale(this.ledger, { event: event({ partition }), all: false }, run, this.clock);
    if (!build || fate === "dies waiting") return;
    for (let round = 0; ; round += 1) {
      const broken = round === 0 ? fate : "lives";
      const alive = await this.build(run, { fails: broken === "fails", crashes: broken === "crashes" });
      // A killed worker is retried by the machine under the same run.
      if (!alive) await this.build(run);
      const again = await releaseBuild(this.ledger, run, { now: this.clock }).catch(() => ({ again: false }));
      if (!again.again) return;
    }
  }
}

const FATES = ["lives", "fails", "crashes", "dies waiting"] as const;
type Fate = (typeof FATES)[number];

/** The ledger, each call of it taking its turn among the others as the scheduler says. */
function interleaved(scheduler: fc.Scheduler): Ledger {
  const turn = async <T>(call: () => Promise<T>): Promise<T> => {
    await scheduler.schedule(Promise.resolve());
    return call();
  };
  return {
    get: (pk, sk) => turn(() => ledger.get(pk, sk)),
    write: (writes) => turn(() => ledger.write(writes)),
    query: (pk, options) => turn(() => ledger.query(pk, options)),
  };
}

describe("a burst, however its steps fall", () => {
  it("is built whole, by one builder at a time", { timeout: 60_000 }, async () => {
    let example = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.oneof(
          fc.array(fc.constantFrom<Fate>("lives", "lives", "crashes"), { minLength: 2, maxLength: 5 }),
          fc.array(fc.constantFrom<Fate>(...FATES), { minLength: 1, maxLength: 5 }),
        ),
        async (scheduler, fates) => {
          example += 1;
          await clear();
          const world = new World(interleaved(scheduler));
          const runs = fates.map((fate, n) => world.execution(`run ${n}`, `day ${n}`, fate));
          await scheduler.waitFor(Promise.all(runs));
          expect(world.most).toBeLessThanOrEqual(1);
          // Nothing is left for a sweep where every worker that died was retried.
          if (fates.every((fate) => fate === "lives" || fate === "crashes")) expect(world.covered).toBe(fates.length);

          // What a death left behind is free after the claim's time; the sweep takes it up.
          world.now += IDLE_CLAIM_MS;
          const { build, mark } = await scheduler.waitFor(
            markStale(world.ledger, { all: false }, "sweep", world.clock),
          );
          if (build) await scheduler.waitFor(world.build("sweep"));
          expect(mark).toBe(fates.length);
          expect(world.covered).toBe(mark);
        },
      ),
      { numRuns: 100 },
    );
    expect(example).toBeGreaterThan(0);
  });

  async function clear(): Promise<void> {
    const { items } = await ledger.query("lakehouse", { limit: 100 });
    await ledger.write(items.map(({ pk, sk }) => ({ delete: { pk, sk }, if: { any: true } })));
  }
});
