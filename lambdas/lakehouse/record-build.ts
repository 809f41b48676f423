import { createHash } from "node:crypto";
import * as z from "zod";
import type { Io, LedgerWrite } from "../../core/io/ports.ts";
import { outputWrite } from "../../core/io/run-outputs.ts";
import type { AssetMaterialized, DomainEvent } from "../../core/model/events.ts";
import type { NodeResult, RunResults } from "./dbt-results.ts";

export const MARTS = "lakehouse/marts";
const KEEP_DAYS = 400;
const BATCH = 50;
/** What applications read; staging and intermediate are ours alone. */
const SERVED = /^(\w*)?(marts|reporting)\./;

const Built = z.object({ snapshotId: z.string().nullable() });

interface BuiltModel {
  readonly node: NodeResult;
  readonly snapshotId: string | null;
}

/**
 * Puts a build on record, node by node, and announces the served tables that have a new snapshot. The event comes
 * before the record that would silence its repetition; its id is made from the snapshot, so twice is once.
 */
export async function recordBuild(
  io: Pick<Io, "ledger" | "bus" | "lake" | "objects">,
  build: {
    readonly runId: string;
    readonly project: string;
    readonly results: RunResults;
    readonly nodes: readonly NodeResult[];
    readonly artifacts: string;
  },
): Promise<void> {
  const { runId, project, nodes } = build;
  const builtAt = new Date().toISOString();
  const models = await snapshots(io, nodes);
  const key = `openmetadata/dbt-artifacts/runs/${runId}/run_results.json`;
  await io.objects.put(build.artifacts, key, JSON.stringify(build.results), { contentType: "application/json" });

  const snapshotOf = new Map(models.map(({ node, snapshotId }) => [node.id, snapshotId]));
  const expiresAt = Math.floor(Date.now() / 1_000) + KEEP_DAYS * 86_400;
  await writeAll(
    io,
    nodes.map((node) => ({
      put: {
        pk: "dbt",
        sk: `run#${runId}#${node.id}`,
        data: { ...node, runId, builtAt, project, snapshotId: snapshotOf.get(node.id) ?? null },
        expiresAt,
      },
      if: { any: true },
    })),
  );
  for (const model of models) await announce(io, model, { runId, project, builtAt });
}

async function snapshots(io: Pick<Io, "lake">, nodes: readonly NodeResult[]): Promise<BuiltModel[]> {
  const models: BuiltModel[] = [];
  for (const node of nodes) {
    if (node.kind !== "model" || node.outcome !== "succeeded" || node.relation === null) continue;
    const [namespace = "", table = ""] = node.relation.split(".");
    const snapshot = await io.lake.currentSnapshot(namespace, table);
    models.push({ node, snapshotId: snapshot?.snapshotId ?? null });
  }
  return models;
}

async function announce(
  io: Pick<Io, "ledger" | "bus">,
  { node, snapshotId }: BuiltModel,
  { runId, project, builtAt }: { readonly runId: string; readonly project: string; readonly builtAt: string },
): Promise<void> {
  const sk = `model#${node.name}`;
  const before = Built.safeParse((await io.ledger.get("dbt", sk))?.data);
  const relation = node.relation ?? "";
  const moved = snapshotId !== null && !(before.success && before.data.snapshotId === snapshotId);
  if (moved && SERVED.test(relation)) {
    const detail: AssetMaterialized = {
      version: 1,
      asset: MARTS,
      partition: node.name,
      dataVersion: snapshotId,
      codeVersion: project.slice(0, 12),
      tables: [relation],
      runId,
      materializedAt: builtAt,
    };
    const record = { ...detail, counts: { rows: node.rows ?? 0 }, commits: [{ table: relation, snapshotId }] };
    await io.ledger.write([
      {
        put: { pk: `materialisation#${MARTS}`, sk: `${node.name}#${snapshotId}`, data: record },
        if: { any: true },
      },
      { put: { pk: "asset", sk: MARTS, data: record }, if: { any: true } },
      outputWrite(runId, { asset: MARTS, partition: node.name, dataVersion: snapshotId, at: Date.parse(builtAt) }),
    ]);
    const event: DomainEvent = {
      id: createHash("sha256")
        .update(JSON.stringify([MARTS, node.name, snapshotId]))
        .digest("hex"),
      type: "AssetMaterialized",
      detail,
    };
    await io.bus.publish([event]);
  }
  const data = { model: node.name, relation, builtAt, runId, project, snapshotId, rows: node.rows };
  await io.ledger.write([{ put: { pk: "dbt", sk, data }, if: { any: true } }]);
}

async function writeAll(io: Pick<Io, "ledger">, writes: readonly LedgerWrite[]): Promise<void> {
  for (let index = 0; index < writes.length; index += BATCH) {
    await io.ledger.write(writes.slice(index, index + BATCH));
  }
}
