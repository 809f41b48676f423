import * as z from "zod";
import type { Ledger, LedgerWrite } from "../../../core/io/ports.ts";
import { EDXORG_ARCHIVE_CODE } from "../sources/code-versions.ts";
import { ManifestRow } from "./manifest-row.ts";

const Part = z.object({ rows: z.array(ManifestRow) });
const PART_DAYS = 90;

/** One version of one archive. */
export interface ArchiveVersion {
  readonly archive: string;
  readonly version: string;
}

/**
 * Rows of an archive as its members finish, in parts in the ledger: a manifest of 100,000 rows cannot be written anew
 * for each. A part and what it says of its members are one transaction, so what is on record was done.
 */
const pkOf = ({ archive }: ArchiveVersion): string => `edxorg-archive-part#${archive}`;
const prefixOf = ({ version }: ArchiveVersion): string => `${version}#${EDXORG_ARCHIVE_CODE}#`;

export const partWrite = (of: ArchiveVersion, index: number, rows: readonly ManifestRow[]): LedgerWrite => ({
  put: {
    ...{ pk: pkOf(of), sk: `${prefixOf(of)}${String(index).padStart(6, "0")}`, data: { rows } },
    expiresAt: Math.floor(Date.now() / 1_000) + PART_DAYS * 86_400,
  },
  if: { any: true },
});

/** All parts in order. */
export async function* readParts(ledger: Ledger, of: ArchiveVersion): AsyncGenerator<readonly ManifestRow[]> {
  let after: string | undefined;
  do {
    const page = await ledger.query(pkOf(of), {
      prefix: prefixOf(of),
      limit: 20,
      ...(after === undefined ? {} : { after }),
    });
    for (const { data } of page.items) yield Part.parse(data).rows;
    after = page.next;
  } while (after !== undefined);
}

/** What is known does not fit the bytes: it is forgotten. */
export async function forgetParts(ledger: Ledger, of: ArchiveVersion): Promise<void> {
  for (;;) {
    const { items } = await ledger.query(pkOf(of), { prefix: prefixOf(of), limit: 100 });
    if (items.length === 0) return;
    await ledger.write(items.map(({ pk, sk }) => ({ delete: { pk, sk }, if: { any: true } })));
  }
}
