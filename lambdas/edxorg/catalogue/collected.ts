import { createHash } from "node:crypto";
import { compareByteOrder } from "../../../core/model/content-digest.ts";
import { CATALOGUES, type Catalogue, type CatalogueEntity } from "../sources/catalogue.ts";
import { Fields, rowsOf, type CatalogueRow } from "./rows.ts";

export interface EntityRows {
  readonly entity: CatalogueEntity;
  /** Sorted by their keys. */
  readonly rows: readonly CatalogueRow[];
  /** Of all of them, without when they were read. */
  readonly sha256: string;
}

export interface Collected {
  readonly entities: readonly EntityRows[];
  /** Of all entities. */
  readonly dataVersion: string;
  /** Entries without a key. */
  readonly malformed: readonly unknown[];
  /** Fields that entries lack. */
  readonly missingFields: number;
  /** Entries that came with the key of another: the last stands. */
  readonly duplicates: number;
}

/** All rows of a list. What is the same in another order gives the same versions. */
export async function collect(catalogue: Catalogue, pages: AsyncIterable<readonly unknown[]>): Promise<Collected> {
  const fields = new Fields();
  const malformed: unknown[] = [];
  const found = new Map<CatalogueEntity, Map<string, CatalogueRow>>(
    CATALOGUES[catalogue].map((entity) => [entity, new Map()]),
  );
  let duplicates = 0;
  for await (const page of pages) {
    for (const { entity, key, row, from } of page.flatMap((entry) => rowsOf(catalogue, entry, fields))) {
      const rows = found.get(entity);
      if (key === undefined) malformed.push(from);
      else {
        const id = JSON.stringify(key);
        if (rows?.has(id) === true) duplicates += 1;
        rows?.set(id, row);
      }
    }
  }
  const entities = [...found].map(([entity, rows]) => entityRows(entity, rows));
  const dataVersion = sha256Of(entities.map(({ entity, sha256 }) => `${entity} ${sha256}\n`));
  return { entities, dataVersion, malformed, missingFields: fields.missing, duplicates };
}

function entityRows(entity: CatalogueEntity, found: ReadonlyMap<string, CatalogueRow>): EntityRows {
  const rows = [...found].toSorted(([left], [right]) => compareByteOrder(left, right)).map(([, row]) => row);
  return { entity, rows, sha256: sha256Of(rows.map((row) => `${JSON.stringify(row)}\n`)) };
}

function sha256Of(lines: readonly string[]): string {
  const hash = createHash("sha256");
  for (const line of lines) hash.update(line);
  return hash.digest("hex");
}
