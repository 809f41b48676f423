import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import * as z from "zod";
import type { Ledger, Objects } from "../../../core/io/ports.ts";
import { completeBefore } from "./archive-record.ts";
import { manifestKey, memberRecord } from "./keys.ts";
import { ManifestRow } from "./manifest-row.ts";
import { MemberRecord } from "./member-record.ts";
import type { MemberName } from "./member-name.ts";
import { readParts, type ArchiveVersion } from "./progress.ts";

/** A partition that the complete archive before had and this one has not. */
export const Missing = z.object({
  member: z.string(),
  category: z.string(),
  table: z.string().nullable(),
  course_id: z.string(),
  source: z.string(),
  object_key: z.string().nullable(),
  last_seen_in: z.string(),
  missing_since: z.string(),
});
export type Missing = z.infer<typeof Missing>;

/** The last line of a manifest. */
export const ManifestFooter = z.object({
  footer: z.literal(true),
  archive: z.string(),
  archive_version: z.string(),
  /** False = the archive ends before its end: `reason` says how. */
  complete: z.boolean(),
  reason: z.string().exactOptional(),
  members: z.number(),
  counts: z.record(z.string(), z.number()),
  /** Codes of members that were left out, with their numbers: links, devices, paths out of the folder. */
  refused: z.record(z.string(), z.number()),
  /** The complete archive that `missing` compares with; null = there is none. */
  compared_with: z.string().nullable(),
  missing: z.array(Missing),
});
export type ManifestFooter = z.infer<typeof ManifestFooter>;

export const isPartition = (
  row: ManifestRow,
): row is ManifestRow & Pick<MemberName, "category" | "source"> & { readonly course_id: string } =>
  row.category !== null && row.course_id !== null && row.source !== null;

/** What the record of a row's partition is found by. */
export function recordOf(row: ManifestRow): { readonly pk: string; readonly sk: string } | undefined {
  if (!isPartition(row)) return undefined;
  const { category, course_id, source, table, label } = row;
  return memberRecord({
    ...{ category, courseId: course_id, source },
    ...(table === null ? {} : { table }),
    ...(label === undefined ? {} : { label }),
  });
}

/** Rows and footer as JSON lines; another version of the archive takes its place. */
export async function writeManifest(
  { objects, ledger }: { readonly objects: Objects; readonly ledger: Ledger },
  bucket: string,
  of: ArchiveVersion,
  footer: ManifestFooter,
): Promise<string> {
  const key = manifestKey(of.archive);
  const lines = async function* () {
    for await (const rows of readParts(ledger, of)) yield rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    yield `${JSON.stringify(footer)}\n`;
  };
  await objects.put(bucket, key, Readable.from(lines()), { contentType: "application/x-ndjson" });
  return key;
}

export async function* readManifest(
  objects: Pick<Objects, "get">,
  bucket: string,
  key: string,
): AsyncGenerator<ManifestRow> {
  for await (const line of createInterface({ input: await objects.get({ bucket, key }), crlfDelay: Infinity })) {
    const row = ManifestRow.safeParse(JSON.parse(line));
    if (row.success) yield row.data;
  }
}

/** The last line of a manifest, when all of it has been read. Undefined = it has none. */
export async function readFooter(
  objects: Pick<Objects, "get">,
  bucket: string,
  key: string,
): Promise<ManifestFooter | undefined> {
  let last = "";
  for await (const line of createInterface({ input: await objects.get({ bucket, key }), crlfDelay: Infinity }))
    last = line;
  return ManifestFooter.safeParse(last === "" ? undefined : JSON.parse(last)).data;
}

/** Puts on record which partitions of the complete archive before are not in this one. `present` holds `<pk> <sk>`. */
export async function findMissing(
  { objects, ledger }: { readonly objects: Objects; readonly ledger: Ledger },
  bucket: string,
  archive: string,
  present: ReadonlySet<string>,
): Promise<Pick<ManifestFooter, "compared_with" | "missing">> {
  const before = await completeBefore(ledger, archive);
  if (before === undefined) return { compared_with: null, missing: [] };
  const missing = new Map<string, Missing>();
  for await (const row of readManifest(objects, bucket, before.manifestKey)) {
    const place = recordOf(row);
    if (place === undefined || !isPartition(row) || present.has(`${place.pk} ${place.sk}`)) continue;
    const { member, category, table, course_id, source, object_key } = row;
    missing.set(`${place.pk} ${place.sk}`, {
      ...{ member, category, table, course_id, source, object_key },
      ...{ last_seen_in: before.archive, missing_since: archive },
    });
    const item = await ledger.get(place.pk, place.sk);
    if (item === undefined) continue;
    const record = MemberRecord.parse(item.data);
    if (record.lastSeenArchive >= archive) continue;
    await ledger.write([{ put: { ...place, data: { ...record, missingSince: archive } }, if: { rev: item.rev } }]);
  }
  return { compared_with: before.archive, missing: [...missing.values()] };
}
