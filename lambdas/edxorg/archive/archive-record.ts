import * as z from "zod";
import type { Ledger } from "../../../core/io/ports.ts";

const PK = "edxorg-archive";

/** `pk edxorg-archive, sk <archive>`: how far the newest known version of an archive came. */
export const ArchiveRecord = z.object({
  /** ETag of the landed object. */
  version: z.string(),
  codeVersion: z.string(),
  complete: z.boolean(),
  manifestKey: z.string(),
  sizeBytes: z.number(),
  /** Of the object's bytes. */
  sha256: z.string(),
  members: z.number(),
  /** Members by status. */
  counts: z.record(z.string(), z.number()),
  missing: z.number(),
  unpackedAt: z.string(),
  runId: z.string(),
});
export type ArchiveRecord = z.infer<typeof ArchiveRecord>;

export async function findArchive(ledger: Ledger, archive: string): Promise<ArchiveRecord | undefined> {
  const item = await ledger.get(PK, archive);
  return item === undefined ? undefined : ArchiveRecord.parse(item.data);
}

export const recordArchive = (ledger: Ledger, archive: string, data: ArchiveRecord): Promise<void> =>
  ledger.write([{ put: { pk: PK, sk: archive, data }, if: { any: true } }]);

/** The newest complete archive before this one, by name: names hold dates. */
export async function completeBefore(
  ledger: Ledger,
  archive: string,
): Promise<{ readonly archive: string; readonly manifestKey: string } | undefined> {
  let after: string | undefined = archive;
  while (after !== undefined) {
    const page: Awaited<ReturnType<Ledger["query"]>> = await ledger.query(PK, { after, descending: true, limit: 50 });
    for (const { sk, data } of page.items) {
      const { complete, manifestKey } = ArchiveRecord.parse(data);
      if (complete) return { archive: sk, manifestKey };
    }
    after = page.next;
  }
  return undefined;
}
