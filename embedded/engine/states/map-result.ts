import type { MapState, ResultWriter } from "../definition.ts";
import { resolve } from "../expressions.ts";
import { exitState } from "../exit.ts";
import type { Frame } from "../frame.ts";
import { isJsonObject, type Json } from "../json.ts";
import type { Run } from "../run.ts";
import type { Ended } from "./basic.ts";

/** The end of a Map Run: the results of its children, or where they were written to. */
export async function mapResult(run: Run, frame: Frame, state: MapState): Ended {
  const writer = state.resultWriter;
  const result =
    writer?.arguments === undefined ? collect(run, frame, writer) : await write(run, frame, writer, writer.arguments);
  // The state's exit points back to MapRunStarted, as if neither of these had been.
  run.event("MapStateSucceeded", run.event("MapRunSucceeded", frame.chain));
  return exitState(run, frame, state, { place: "", result: { result }, otherwise: result, next: state.next });
}

function collect(run: Run, frame: Frame, writer: ResultWriter | undefined): Json[] {
  const results: Json[] = [];
  for (const { output } of outcomes(run, frame)) {
    if (writer?.transformation === "FLATTEN" && Array.isArray(output)) results.push(...output);
    else results.push(output);
  }
  return results;
}

function* outcomes(run: Run, frame: Frame): Generator<{ status: string; output: Json }> {
  for (const { status = "", output = null } of run.storedItems(frame.fan?.list ?? 0)) yield { status, output };
}

/** As on AWS: one file of succeeded and one of failed children, and a manifest that lists them. */
async function write(run: Run, frame: Frame, writer: ResultWriter, args: Json): Promise<Json> {
  const target = await resolve(args, "ResultWriter/Arguments", run.scope(frame));
  const fields = isJsonObject(target) ? target : {};
  const bucket = String(fields["Bucket"] ?? "");
  const mapRun = frame.fan?.run;
  const folder = [fields["Prefix"], mapRun?.id].filter((part) => part !== undefined && part !== "").join("/");
  const files: Record<string, Json> = { FAILED: [], PENDING: [], SUCCEEDED: [] };
  for (const status of ["SUCCEEDED", "FAILED"]) {
    const results = [...outcomes(run, frame)]
      .filter((item) => item.status === status.toLowerCase())
      .map((item) => item.output);
    if (results.length === 0) continue;
    const lines = writer.outputType === "JSONL";
    const body = lines ? results.map((item) => `${JSON.stringify(item)}\n`).join("") : JSON.stringify(results);
    const key = `${folder}/${status}_0.${lines ? "jsonl" : "json"}`;
    await run.items.write(bucket, key, body);
    files[status] = [{ Key: key, Size: Buffer.byteLength(body) }];
  }
  const key = `${folder}/manifest.json`;
  const manifest = { DestinationBucket: bucket, MapRunArn: mapRun?.arn ?? "", ResultFiles: files };
  await run.items.write(bucket, key, JSON.stringify(manifest));
  return { MapRunArn: mapRun?.arn ?? "", ResultWriterDetails: { Bucket: bucket, Key: key } };
}
