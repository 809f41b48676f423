import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { csvRows } from "./csv.ts";
import type { ItemReader, MapState } from "./definition.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "./json.ts";
import type { Effects } from "./tasks.ts";

/** Where distributed Maps read their items from and write their results to. */
export interface ItemSource {
  /** Any error means that the reader failed. */
  read(state: MapState, args: Json): AsyncIterable<Json>;
  write(bucket: string, key: string, body: string): Promise<void>;
}

export const objectItems = (effects: Effects): ItemSource => ({
  async *read(state, args) {
    const reader = state.itemReader;
    if (reader === undefined) return;
    const fields = isJsonObject(args) ? args : {};
    const bucket = String(fields["Bucket"] ?? "");
    if (reader.action === "listObjectsV2") yield* listed(effects, bucket, String(fields["Prefix"] ?? ""));
    else yield* inside(await open(effects, bucket, String(fields["Key"] ?? "")), reader);
  },
  async write(bucket, key, body) {
    if (effects.writeObject === undefined) throw new Error("No object store is connected for the ResultWriter.");
    await effects.writeObject({ bucket, key }, body);
  },
});

async function open(effects: Effects, bucket: string, key: string): Promise<Readable> {
  if (effects.readObject === undefined) throw new Error("No object store is connected for the ItemReader.");
  return effects.readObject({ bucket, key });
}

async function* listed(effects: Effects, bucket: string, prefix: string): AsyncGenerator<Json> {
  if (effects.listObjects === undefined) throw new Error("No object store is connected for the ItemReader.");
  for await (const object of effects.listObjects({ bucket, prefix })) {
    yield {
      Etag: object.etag,
      Key: object.key,
      LastModified: Math.floor(object.lastModified.getTime() / 1000),
      Size: object.sizeBytes,
      StorageClass: "STANDARD",
    };
  }
}

async function* inside(body: Readable, reader: ItemReader): AsyncGenerator<Json> {
  if (reader.inputType === "JSONL") {
    for await (const line of createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() !== "") yield parseJson(line);
    }
  } else if (reader.inputType === "CSV") {
    yield* csvItems(body, reader);
  } else {
    // A JSON array has no line to stop at; AWS bounds such a file too.
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(Buffer.from(part));
    const value = parseJson(Buffer.concat(parts).toString("utf8"));
    if (Array.isArray(value)) yield* value;
    else if (isJsonObject(value)) yield* Object.entries(value).map(([Key, Value]) => ({ Key, Value }));
    else throw new Error("Attempting to map over non-iterable node.");
  }
}

async function* csvItems(body: Readable, reader: ItemReader): AsyncGenerator<JsonObject> {
  let headers = reader.csvHeaders === undefined ? undefined : unique(reader.csvHeaders);
  for await (const row of csvRows(body, reader.csvDelimiter)) {
    if (headers === undefined) headers = unique(row);
    else yield Object.fromEntries(headers.map((header, index) => [header, row[index] ?? ""]));
  }
}

function unique(headers: readonly string[]): readonly string[] {
  if (new Set(headers).size < headers.length) throw new Error("CSV headers cannot contain duplicates.");
  return headers;
}
