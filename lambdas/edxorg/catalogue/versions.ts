import * as z from "zod";
import type { Ledger } from "../../../core/io/ports.ts";
import type { Catalogue } from "../sources/catalogue.ts";
import { ifUnchanged } from "../../../core/io/ledger-conditions.ts";

/** `pk edxorg-catalogue, sk <catalogue>`: the newest version that was staged. */
const CatalogueVersion = z.object({
  dataVersion: z.string(),
  codeVersion: z.string(),
  /** Counts versions, so that going back to an older content is a plan of its own. */
  generation: z.number().int(),
  planId: z.string(),
  /** Rows by entity. */
  counts: z.record(z.string(), z.number()),
  retrievedAt: z.string(),
  /** The run that staged it: what it was asked to do again it does once, however often it is tried. */
  run: z.string(),
  /** The content was there before. */
  repeated: z.literal(true).exactOptional(),
});
export type CatalogueVersion = z.infer<typeof CatalogueVersion>;

export interface KnownCatalogue {
  readonly rev: number;
  readonly version: CatalogueVersion;
}

/** Where the newest plan of a list is named. */
export const newestCatalogue = (catalogue: Catalogue) => ({ pk: "edxorg-catalogue", sk: catalogue });

export async function knownCatalogue(ledger: Ledger, catalogue: Catalogue): Promise<KnownCatalogue | undefined> {
  const { pk, sk } = newestCatalogue(catalogue);
  const item = await ledger.get(pk, sk);
  return item === undefined ? undefined : { rev: item.rev, version: CatalogueVersion.parse(item.data) };
}

/** Throws Conflict `stale_item` when another run staged it meanwhile. */
export async function recordCatalogue(
  ledger: Ledger,
  catalogue: Catalogue,
  version: CatalogueVersion,
  before: KnownCatalogue | undefined,
): Promise<void> {
  const condition = ifUnchanged(before);
  await ledger.write([{ put: { ...newestCatalogue(catalogue), data: version }, if: condition }]);
}
