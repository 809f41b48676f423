import type { ItemBatcher, ItemReader, ResultWriter } from "./definition.ts";
import { isJsonObject, type Json } from "./json.ts";

type Report = (place: string, what: string) => void;

const DELIMITERS: Readonly<Record<string, string>> = {
  COMMA: ",",
  PIPE: "|",
  SEMICOLON: ";",
  SPACE: " ",
  TAB: "\t",
};

export function reader(value: Json | undefined, report: Report): ItemReader | undefined {
  if (value === undefined) return undefined;
  const place = "ItemReader";
  if (!isJsonObject(value)) {
    report(place, "must be an object");
    return undefined;
  }
  const config = isJsonObject(value["ReaderConfig"]) ? value["ReaderConfig"] : {};
  const action = String(value["Resource"]).split(":::s3:")[1];
  if (action !== "getObject" && action !== "listObjectsV2") {
    report(place, `Resource must be s3:getObject or s3:listObjectsV2`);
    return undefined;
  }
  const type = config["InputType"];
  const inputType = (["CSV", "JSON", "JSONL"] as const).find((known) => known === type);
  if (action === "getObject" && inputType === undefined) report(place, "InputType must be CSV, JSON or JSONL");
  if (config["Transformation"] !== undefined && config["Transformation"] !== "NONE") {
    report(place, "Transformation is not supported here");
  }
  if (config["ItemsPointer"] !== undefined) report(place, "ItemsPointer is not supported here");
  const headers = config["CSVHeaders"];
  const given = config["CSVHeaderLocation"] === "GIVEN" && Array.isArray(headers);
  return {
    action,
    arguments: value["Arguments"] ?? {},
    inputType,
    csvDelimiter: DELIMITERS[String(config["CSVDelimiter"] ?? "COMMA")] ?? ",",
    csvHeaders: given ? headers.map(String) : undefined,
    maxItems: config["MaxItems"],
  };
}

export function batcher(value: Json | undefined, report: Report): ItemBatcher | undefined {
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) {
    report("ItemBatcher", "must be an object");
    return undefined;
  }
  const maxItems = value["MaxItemsPerBatch"];
  const maxInputBytes = value["MaxInputBytesPerBatch"];
  if (maxItems === undefined && maxInputBytes === undefined) {
    report("ItemBatcher", "needs MaxItemsPerBatch or MaxInputBytesPerBatch");
  }
  return { batchInput: value["BatchInput"], maxItems, maxInputBytes };
}

export function writer(value: Json | undefined, report: Report): ResultWriter | undefined {
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) {
    report("ResultWriter", "must be an object");
    return undefined;
  }
  const config = isJsonObject(value["WriterConfig"]) ? value["WriterConfig"] : {};
  const transformation = (["NONE", "COMPACT", "FLATTEN"] as const).find((known) => known === config["Transformation"]);
  return {
    arguments: value["Resource"] === undefined ? undefined : (value["Arguments"] ?? {}),
    transformation,
    outputType: config["OutputType"] === "JSONL" ? "JSONL" : "JSON",
  };
}
