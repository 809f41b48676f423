import { openCoordination, type Coordination } from "../../core/io/coordination.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { openObjectIndex, addVersion } from "../../core/io/embedded/object-index.ts";
import { itemsPk, shardOf } from "../../core/io/item-records.ts";
import { openReconciliation, type Reconciliation } from "../../core/io/reconcile.ts";
import type { Executions, Ledger, Objects } from "../../core/io/ports.ts";
import { newItem } from "../../core/model/items/item-state.ts";
import { decide } from "../../core/model/items/trigger-rule.ts";
import { LANDED, landedVersion, laneOf, landingPartition, type Landing } from "../../core/model/landings/landing.ts";
import { MemoryExecutions } from "../standins/memory-executions.ts";
import { passingClock } from "../standins/passing-clock.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const BUCKET = "landing";
export const NOW = Date.UTC(2026, 0, 16);
export const HOUR = 3_600_000;
const PREFIX = "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-dev-";

const landing = (id: string, extension: string, suffixes: string[] = []): Landing => ({
  ...{
    extension,
    prefix: `sources/${id}/`,
    suffixes,
    asset: `${id}/raw_data`,
    domain: "openedx",
    job: "load",
    trigger: id,
  },
});
export const LANDINGS = [
  landing("logs", ".log.gz"),
  landing("courses", ".xml.tar.gz"),
  landing("archives", ".zip", [".zip"]),
  { ...landing("weekly", ".tar"), lane: "one-at-once" },
];

/** A bucket whose objects are in the index only: nobody here reads them. */
export function landingBucket() {
  const folder = temporaryFolder();
  const index = openObjectIndex(folder.path);
  index.exec("PRAGMA synchronous = OFF");
  const objects = embeddedObjects(folder.path);
  let versions = 0;
  return {
    objects,
    put: (key: string, etag = "e1", { ageMs = 2 * HOUR, sizeBytes = 7 } = {}): string => {
      const versionId = `v${(versions += 1)}`;
      const lastModified = new Date(NOW - ageMs);
      const head = { bucket: BUCKET, key, versionId, etag, sizeBytes, lastModified, metadata: {} };
      addVersion(index, { stored: { head, file: versionId }, ifAbsent: false, contentType: "text/plain" });
      return versionId;
    },
    close: () => {
      objects.close();
      index.close();
      folder.remove();
    },
  };
}

interface Ports {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly executions: Executions;
}

/** Coordination and reconciliation as one process has them; its ports may be those of one that dies. */
export class ReconcileWorld {
  readonly ports: Ports;
  readonly executions = new MemoryExecutions();
  readonly clock = passingClock(NOW);
  readonly coordination: Coordination;
  readonly problems: string[] = [];

  constructor(ports: Omit<Ports, "executions">) {
    this.ports = { ...ports, executions: this.executions };
    this.coordination = this.#coordinate(this.ports);
  }

  #coordinate(io: Ports): Coordination {
    const buckets = { landing: BUCKET, lake: "lake", quarantine: "quarantine", artifacts: "artifacts", drops: "drops" };
    const lanes = [
      { id: "openedx", domain: "openedx", slots: 50 },
      { id: "one-at-once", domain: "openedx", slots: 1 },
    ];
    const runs = { lanes, cap: 50, failedOnceDelayMs: 0 };
    const settings = { environment: "dev", buckets, runs, machineArnPrefix: PREFIX } as const;
    return openCoordination({ io, settings, now: this.clock.now });
  }

  reconciliation(ports: Ports = this.ports, pageSize?: number): Reconciliation {
    return openReconciliation({
      ...{ io: ports, bucket: BUCKET, landings: LANDINGS, now: this.clock.now, coordination: this.#coordinate(ports) },
      problem: (key) => void this.problems.push(key),
      ...(pageSize === undefined ? {} : { pageSize }),
    });
  }

  async reconcile(budgetMs = 40_000) {
    await this.reconciliation().due(this.clock.now());
    const found = await this.reconciliation().run({ holder: "test", budgetMs, clock: this.clock });
    this.clock.skip(1_000);
    return found;
  }

  readonly #before = new Set<string>();

  /** Runs beyond those of `ran`. */
  found = () => this.executions.all.filter(({ domain, name }) => domain === "openedx" && !this.#before.has(name));

  /** Keys of the objects that they are of. */
  started = (): string[] => this.found().map(({ input }) => (input as { key: string }).key);

  /** An object whose own event came in time, and whose run has ended. */
  async ran(landing: Landing, key: string, etag: string, status: "SUCCEEDED" | "FAILED" = "SUCCEEDED"): Promise<void> {
    const item = { asset: landing.asset, partition: landingPartition(landing, key) };
    const seen = { upstream: LANDED, version: landedVersion({ etag, versionId: "v" }), at: NOW - 2 * HOUR };
    const { domain, job } = landing;
    await this.coordination.observed(item, seen, {
      domain,
      lane: laneOf(landing),
      input: { job, bucket: BUCKET, key },
    });
    const [name = ""] = (await this.coordination.lanes.dispatch([laneOf(landing)], NOW - 2 * HOUR)).started;
    this.#before.add(name);
    this.executions.end(domain, name, status === "FAILED" ? { status, error: "Malformed", cause: "bad" } : { status });
    this.clock.skip(10 * 60_000);
    await this.coordination.lanes.tick(this.clock.now());
  }

  /** The same for very many at once: only the items. */
  async known(objects: readonly (readonly [landing: Landing, key: string])[]): Promise<void> {
    for (let from = 0; from < objects.length; from += 100) {
      const puts = objects.slice(from, from + 100).map(([landing, key]) => {
        const { asset } = landing;
        const sk = landingPartition(landing, key);
        const versions = { [LANDED]: landedVersion({ etag: "e1", versionId: "v" }) };
        const event = { type: "run-started", run: key, at: NOW - 2 * HOUR, versions } as const;
        const { state } = decide(newItem(0), event, { key: { asset, partition: sk }, now: NOW });
        return { put: { pk: itemsPk(asset, shardOf(sk)), sk, data: state }, if: { absent: true } } as const;
      });
      await this.ports.ledger.write(puts);
    }
  }
}
