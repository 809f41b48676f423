import { unpackLanded } from "../../lambdas/edxorg/unpack-archive.ts";
import { forgetTables } from "../../lambdas/edxorg/forget-tables.ts";
import { findTableNews } from "../../lambdas/edxorg/find-table-news.ts";
import { loadTable } from "../../lambdas/edxorg/load-table.ts";
import { lakeTable, tableAsset } from "../../lambdas/edxorg/sources/raw-tables.ts";
import type { TaskContext } from "../../core/task.ts";
import { openLake } from "../../core/io/lake.ts";
import type { LakeTarget } from "../../core/io/ports.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { makeTarGz } from "../standins/make-tar.ts";
import { EXTENSIONS, startLake } from "./temporary-lake.ts";

const buckets = { landing: "m-landing", lake: "m-lake", quarantine: "m-quarantine", artifacts: "m-artifacts" };

/** `auth_user` of one course: lines without their header. */
export const member = (course: string, table: string, lines: readonly string[]) => ({
  name: `mitx/${course}-${table}-prod.sql`,
  text: lines.map((line) => `${line}\n`).join(""),
});

/** Landing, ledger and lake on one machine, and the tasks that unpack archives and load their tables. */
export async function startEdxorg(folder: string, rowHash: "safe" | "legacy" | "both" = "safe", target?: LakeTarget) {
  const lake = await startLake(folder);
  const objects = embeddedObjects(folder);
  const io = { ledger: lake.ledger, objects, lake: target ?? lake.target };
  const settings = { buckets, memoryMb: 1_024, duckdbExtensions: EXTENSIONS };
  const warnings: unknown[] = [];
  const context = (id: string, ports: typeof io = io) =>
    ({
      ...{ io: ports, settings, run: { id, state: "LoadTable", attempt: 0 } },
      log: { warn: (_: string, more: unknown) => warnings.push(more) },
    }) as unknown as TaskContext;
  return {
    ...{ lake, objects, ledger: lake.ledger, buckets, warnings, context },
    async land(date: string, members: readonly { readonly name: string; readonly text: string }[]) {
      const archive = `mitx-${date}.tar.gz`;
      const key = `sources/edxorg-archives/${archive}`;
      await objects.put(buckets.landing, key, await makeTarGz([...members]));
      await unpackLanded({ bucket: buckets.landing, key, rowHash }, context("unpack"));
      return archive;
    },
    find: (table: string, archive: string) =>
      findTableNews({ item: { asset: tableAsset(table), partition: archive }, rowHash }, context(`find-${archive}`)),
    load: (table: string, archive: string, sliceBytes = 512 * 1_048_576, ports: typeof io = io) =>
      loadTable(
        { item: { asset: tableAsset(table), partition: archive }, rowHash },
        context(`load-${archive}`, ports),
        {
          sliceBytes,
          // Only of one that is to die it is short: the next one waits for it.
          leaseSeconds: ports === io ? 30 : 1,
        },
      ),
    io,
    unpack: (archive: string, hash: "safe" | "legacy" | "both" = rowHash) =>
      unpackLanded(
        { bucket: buckets.landing, key: `sources/edxorg-archives/${archive}`, rowHash: hash },
        context("unpack"),
      ),
    forget: () => forgetTables({ confirm: "forget all tables of edx.org" }, context("forget")),
    async rows(table: string, columns = "*", rest = "ORDER BY ALL") {
      const session = await openLake(io.lake, lake.options);
      try {
        return await session.rows(`SELECT ${columns} FROM lake.raw.${lakeTable(table)} ${rest}`);
      } finally {
        session.close();
      }
    },
    async stop(): Promise<void> {
      objects.close();
      await lake.stop();
    },
  };
}
