import { partitionText } from "../../../core/model/items/partition-key.ts";
import type { MemberName } from "./member-name.ts";

export const ARCHIVE_ASSET = "edxorg/raw_data/archive";

/** The asset that an object of a member belongs to; a table's has the table as its last part. */
export const assetOf = ({ category, table }: Pick<MemberName, "category" | "table">): string =>
  ["edxorg/raw_data", category, ...(table === undefined ? [] : [table])].join("/");

export const objectKey = (name: MemberName, sha256: string): string =>
  `${assetOf(name)}/${name.source}/${name.courseId}/${sha256}.${name.extension}`;

export const partitionOf = ({ courseId, source }: Pick<MemberName, "courseId" | "source">): string =>
  partitionText([courseId, source]);

/** Where the newest known content of a member is on record. A course may have one structure of each label. */
export const memberRecord = (
  name: Pick<MemberName, "category" | "table" | "courseId" | "source" | "label">,
): { readonly pk: string; readonly sk: string } => ({
  pk: `edxorg-member#${assetOf(name)}`,
  sk: name.label === undefined ? partitionOf(name) : `${partitionOf(name)}|${name.label}`,
});

export const manifestKey = (archive: string): string => `edxorg/archives/${archive}/manifest.jsonl`;

/** The partition that a landed key names: its file name, exactly; undefined = another file, which is left alone. */
export function landedArchive(key: string): string | undefined {
  const name = /^sources\/edxorg-archives\/(?<name>mitx-(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[.]tar[.]gz)$/.exec(key);
  const { name: archive, date = "" } = name?.groups ?? {};
  const day = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date) ? undefined : archive;
}
