import { createHash } from "node:crypto";
import * as z from "zod";
import { outputWrite } from "../../core/io/run-outputs.ts";
import type { DomainEvent } from "../../core/model/events.ts";
import { task, type TaskContext } from "../../core/task.ts";

const Input = z.looseObject({
  asset: z.string().min(1),
  partition: z.string().min(1),
  dataVersion: z.string().min(1),
  codeVersion: z.string().min(1).default("1"),
  tables: z.array(z.string()),
  counts: z.record(z.string(), z.unknown()).default({}),
  commits: z.array(z.object({ table: z.string(), snapshotId: z.string(), rows: z.number() })).default([]),
  /** The version was there before, and has been made or loaded again. */
  repeated: z.boolean().default(false),
});

/**
 * Records a materialisation and publishes `AssetMaterialized`. The record comes first: an event that announces
 * something must find it. Both are the same when they are written twice.
 */
export const handler = task({ name: "Announce", input: Input, run: announce });

async function announce(
  input: z.infer<typeof Input>,
  { io, run }: Pick<TaskContext, "io" | "run">,
): Promise<{ eventId: string }> {
  const { asset, partition, dataVersion, codeVersion, tables, counts, commits, repeated } = input;
  const recordKey = { pk: `materialisation#${asset}`, sk: `${partition}#${dataVersion}#${codeVersion}` };
  const earlier = z
    .object({ materializedAt: z.string(), runId: z.string() })
    .safeParse((await io.ledger.get(recordKey.pk, recordKey.sk))?.data);
  const { materializedAt, runId } = earlier.success
    ? earlier.data
    : { materializedAt: new Date().toISOString(), runId: run.id };

  const repeatedBy = repeated ? { repeatedBy: run.id } : {};
  const record = {
    asset,
    partition,
    dataVersion,
    codeVersion,
    tables,
    counts,
    commits,
    runId,
    materializedAt,
    ...repeatedBy,
  };
  await io.ledger.write([
    { put: { ...recordKey, data: record }, if: { any: true } },
    { put: { pk: "asset", sk: asset, data: record }, if: { any: true } },
    outputWrite(run.id, { asset, partition, dataVersion, at: Date.now() }),
  ]);

  // The snapshots tell a version that came back (A, B, A) from the same announcement made twice.
  const identity = [
    asset,
    partition,
    dataVersion,
    codeVersion,
    ...commits.map(({ snapshotId }) => snapshotId),
    ...Object.values(repeatedBy),
  ];
  const event: DomainEvent = {
    id: createHash("sha256").update(JSON.stringify(identity)).digest("hex"),
    type: "AssetMaterialized",
    detail: { version: 1, asset, partition, dataVersion, codeVersion, tables, runId, materializedAt, ...repeatedBy },
  };
  await io.bus.publish([event]);
  return { eventId: event.id };
}
