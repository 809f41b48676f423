import { createHash } from "node:crypto";
import type { Io } from "../../../core/io/ports.ts";
import { recordQuarantine } from "../../../core/io/quarantine.ts";
import { catalogueAsset, type Catalogue } from "../sources/catalogue.ts";

const REASON = "no_key";

/** Entries without a key, as JSON: the list goes on without them. */
export async function quarantineEntries(
  io: Pick<Io, "objects" | "ledger">,
  bucket: string,
  catalogue: Catalogue,
  entries: readonly unknown[],
): Promise<void> {
  if (entries.length === 0) return;
  const lines = entries.map((entry) => Buffer.from(JSON.stringify(entry) ?? "null"));
  const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  let offset = 0;
  const index = lines.map((line, at) => {
    const entry = { line: at + 1, offset, length: line.length, sha256: digest(line), reason: REASON, ending: 0 };
    offset += line.length;
    return `${JSON.stringify(entry)}\n`;
  });
  const bytes = Buffer.concat(lines);
  const sha256 = digest(bytes);
  const prefix = `quarantine/edxorg_catalogue/${catalogue}/${sha256}`;
  const [linesKey, indexKey] = [`${prefix}.lines`, `${prefix}.index.jsonl`];
  await io.objects.put(bucket, linesKey, bytes, { ifAbsent: true });
  await io.objects.put(bucket, indexKey, index.join(""), { ifAbsent: true });
  await recordQuarantine(io, {
    ...{ sourceKey: catalogueAsset(catalogue), sha256, count: lines.length, reasons: { [REASON]: lines.length } },
    ...{ bucket, linesKey, indexKey, at: new Date().toISOString() },
  });
}
