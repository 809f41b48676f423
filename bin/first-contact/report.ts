import type { EngineClient } from "../../embedded/control/client.ts";
import { table } from "../cli/output.ts";
import { seconds } from "../cli/status.ts";
import type { LandedSample } from "./land-sample.ts";
import type { Stock } from "./stock.ts";

const LAYERS = ["raw.", "staging.", "intermediate.", "marts.", "reporting."];

interface Story {
  readonly engine: EngineClient;
  readonly before: Stock;
  readonly after: Stock;
  readonly landed: LandedSample;
}

/** What happened, for a person; and what is missing of the whole way from landing to marts and receiver. */
export function report({ engine, before, after, landed }: Story): {
  readonly text: string;
  readonly problems: readonly string[];
} {
  const known = new Set(before.runs.map(({ id }) => id));
  const runs = after.runs.filter(({ id }) => !known.has(id)).reverse();
  const layers = LAYERS.flatMap((layer) => after.tables.filter(({ table: name }) => name.startsWith(layer)));
  const [delivery] = after.deliveries.filter(({ deliveredAt }) => deliveredAt !== null).slice(-1);
  const sections = [
    section(
      "Runs",
      table(
        ["domain", "job", "status", "partition", "took"],
        runs.map((run) => [run.domain, run.job, run.status, run.partition, seconds(run)]),
      ),
    ),
    section("Tables", tables(layers)),
    ...(after.sample === undefined ? [] : [section(`Three rows of ${after.sample.table}`, rowsOf(after.sample.rows))]),
    ...(delivery === undefined
      ? []
      : [
          section(
            "The webhook that MIT Learn's stand-in received",
            `POST ${delivery.url}\n${JSON.stringify(delivery.body)}\nsignature ${delivery.signatureValid === true ? "valid" : "NOT VALID"}, delivered ${delivery.deliveredAt ?? ""}, attempts ${delivery.attempts}`,
          ),
        ]),
    ...again(before, after),
    section("Address", `engine and Iceberg catalogue  ${engine.url}, ${engine.url}/catalog`),
    section("Try next", NEXT.join("\n")),
  ];
  return { text: sections.join("\n\n"), problems: problemsOf(after, landed) };
}

const NEXT = [
  "npx millrace runs",
  'npx millrace query "SELECT * FROM reporting.reporting__course_overview"',
  "npx millrace quarantine list",
  "npx millrace land FILE --as tracking_log --deployment mitxonline --wait",
  "npx millrace --help",
];

const section = (title: string, body: string): string => `${title}\n${"-".repeat(title.length)}\n${body}`;

/** Models of sources that the sample does not touch are empty: they are counted, not listed. */
function tables(all: Stock["tables"]): string {
  const filled = all.filter(({ rows }) => rows > 0);
  const rest = all.length - filled.length;
  const list = table(
    ["table", "rows"],
    filled.map(({ table: name, rows }) => [name, rows]),
  );
  return rest === 0 ? list : `${list}\n(and ${rest} that are empty: sources without data yet)`;
}

function rowsOf(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  return table(
    columns,
    rows.map((row) => columns.map((column) => row[column])),
  );
}

/** On a second run the same input lands again; saying that nothing grew is the point of it. */
function again(before: Stock, after: Stock): string[] {
  if (before.deliveries.length === 0) return [];
  const raw = (stock: Stock): number =>
    stock.tables.filter(({ table: name }) => name.startsWith("raw.")).reduce((sum, { rows }) => sum + rows, 0);
  const same = raw(before) === raw(after) && before.deliveries.length === after.deliveries.length;
  return [
    section(
      "The same sample landed again",
      same
        ? `Nothing was done twice: ${raw(after)} raw rows before and after, ${after.deliveries.length} webhook before and after.`
        : `Raw rows ${raw(before)} -> ${raw(after)}, webhooks ${before.deliveries.length} -> ${after.deliveries.length}.`,
    ),
  ];
}

function problemsOf(after: Stock, { objects, ok }: LandedSample): string[] {
  const rowsIn = (layer: string): number =>
    after.tables.filter(({ table: name }) => name.startsWith(layer)).reduce((sum, { rows }) => sum + rows, 0);
  const failed = objects.filter(({ status }) => status !== "succeeded");
  const announced = after.deliveries.some(
    ({ signatureValid, deliveredAt }) => signatureValid === true && deliveredAt !== null,
  );
  return [
    ...failed.map(({ key, status, error }) => `${key}: ${status} ${JSON.stringify(error ?? "")}`),
    ...(ok || failed.length > 0
      ? []
      : ["A run that the sample caused has failed or has not ended: see `npx millrace runs`."]),
    ...(rowsIn("raw.") > 0 ? [] : ["No raw table has rows."]),
    ...(rowsIn("marts.") > 0 ? [] : ["No mart has rows."]),
    ...(announced ? [] : ["No webhook with a valid signature was delivered."]),
  ];
}
