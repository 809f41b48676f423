import { openCoordination, type Coordination } from "../../core/io/coordination.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { openObjectIndex, addVersion } from "../../core/io/embedded/object-index.ts";
import { itemsPk, shardOf } from "../../core/io/item-records.ts";
import { openReconciliation, type Reconciliation } from "../../core/io/reconcile.ts";
import type { Executions, Ledger, Objects } from "../../core/io/ports.ts";
import { EndedExecution, endedRun } from "../../core/model/ended-run.ts";
import { newItem } from "../../core/model/items/item-state.ts";
import { decide } from "../../core/model/items/trigger-rule.ts";
import { landingPartition, landingUpstream, type Landing } from "../../core/model/landings/landing.ts";
import { MemoryExecutions } from "../standins/memory-executions.ts";
import { passingClock } from "../standins/passing-clock.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const BUCKET = "landing";
export const NOW = Date.UTC(2026, 0, 16);
export const HOUR = 3_600_000;
const PREFIX = "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-dev-";

const landing = (id: string, suffixes: string[] = []): Landing => ({
  ...{ prefix: `sources/${id}/`, suffixes, asset: `${id}/raw_data`, domain: "openedx", job: "load", trigger: id },
});
export const LANDINGS = [landing("logs"), landing("courses"), landing("archives", [".zip"])];

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
      addVersion(index, { head, file: versionId }, { ifAbsent: false, contentType: "text/plain" });
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
    const buckets = { landing: BUCKET, lake: "lake", quarantine: "quarantine", artifacts: "artifacts" };
    const lanes = [{ id: "openedx", domain: "openedx", slots: 50 }];
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

  /** Keys of the objects that runs were started of. */
  started = (): string[] => this.executions.all.map(({ input }) => (input as { key: string }).key);

  /** What the coordinator does at the end of a run that the starter began. */
  async ran({ prefix, asset, job, trigger }: Landing, key: string, etag: string, status = "SUCCEEDED"): Promise<void> {
    const item = { asset, partition: landingPartition(prefix, key) };
    const at = { eventTime: new Date(NOW - 2 * HOUR).toISOString(), eventId: "e" };
    const name = `${trigger}-${key.replaceAll(/[^a-z0-9]/g, "-")}-${etag}`;
    const run = endedRun(
      EndedExecution.parse({
        ...{ executionArn: `arn:${name}`, stateMachineArn: `${PREFIX}openedx`, name, status },
        ...{ startDate: NOW - 2 * HOUR + 1_000, stopDate: NOW - 2 * HOUR + 2_000 },
        input: JSON.stringify({ job, trigger, bucket: BUCKET, key, versionId: "v", etag, ...at, item }),
      }),
      PREFIX,
    );
    if (run !== undefined) await this.coordination.ended(run);
  }

  /** The same for very many at once: only the items. */
  async known(objects: readonly (readonly [landing: Landing, key: string])[]): Promise<void> {
    for (let from = 0; from < objects.length; from += 100) {
      const puts = objects.slice(from, from + 100).map(([{ asset, prefix }, key]) => {
        const sk = landingPartition(prefix, key);
        const started = { at: NOW - 2 * HOUR, versions: { [landingUpstream(key)]: "e1" } };
        const event = {
          type: "run-ended",
          run: key,
          at: NOW - HOUR,
          outcome: { status: "succeeded" },
          started,
        } as const;
        const { state } = decide(newItem(0), event, { key: { asset, partition: sk }, now: NOW });
        return { put: { pk: itemsPk(asset, shardOf(sk)), sk, data: state }, if: { absent: true } } as const;
      });
      await this.ports.ledger.write(puts);
    }
  }
}
