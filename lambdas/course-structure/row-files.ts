import { join } from "node:path";
import { LegacyNumber, legacyJsonText, type LegacyJson } from "../../core/model/legacy-json.ts";
import { JsonLines } from "../staged-rows/json-lines.ts";
import type { Row, StructureRows } from "./rows.ts";
import { STRUCTURE_COLUMNS, STRUCTURE_ENTITIES, type StructureEntity } from "./tables.ts";

export interface RowFile {
  /** One object a line, spelled as it was received: what lands. */
  readonly landed: JsonLines;
  /** The columns of the raw table, objects as text: DuckDB would spell their numbers in its own way. */
  readonly staged: JsonLines;
}

/** The rows of both entities in `folder`. */
export async function writeRowFiles(rows: StructureRows, folder: string): Promise<Record<StructureEntity, RowFile>> {
  const open = (entity: StructureEntity): RowFile => ({
    landed: new JsonLines(join(folder, `${entity}.landed.jsonl`)),
    staged: new JsonLines(join(folder, `${entity}.staged.jsonl`)),
  });
  const files = { course_structure: open("course_structure"), course_blocks: open("course_blocks") };
  await writeRow(files.course_structure, "course_structure", rows.structure);
  for (const row of rows.blocks()) await writeRow(files.course_blocks, "course_blocks", row);
  for (const entity of STRUCTURE_ENTITIES) {
    await files[entity].landed.close();
    await files[entity].staged.close();
  }
  return files;
}

async function writeRow({ landed, staged }: RowFile, entity: StructureEntity, row: Row): Promise<void> {
  await landed.writeLine(legacyJsonText(row));
  const columns = STRUCTURE_COLUMNS[entity].map(({ name }) => [name, columnValue(row.get(name))]);
  await staged.write(Object.fromEntries(columns));
}

function columnValue(value: LegacyJson | undefined): string | number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value.toWellFormed();
  return value instanceof LegacyNumber ? Number(value.text) : legacyJsonText(value);
}
