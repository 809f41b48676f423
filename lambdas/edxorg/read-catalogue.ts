import { createHash } from "node:crypto";
import * as z from "zod";
import { retryConflict } from "../../core/io/retry-conflict.ts";
import { takenMode, type BackfillMode } from "../../core/model/backfills/mode.ts";
import { Failure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { systemClock, type Clock } from "../open-edx-api/transport.ts";
import { arePlansCommitsTold } from "../staged-rows/announced.ts";
import { planKey } from "../staged-rows/plan-key.ts";
import { collect, type Collected } from "./catalogue/collected.ts";
import { publishCatalogue } from "./catalogue/publish.ts";
import { quarantineEntries } from "./catalogue/quarantine.ts";
import { readList } from "./catalogue/read-list.ts";
import { knownCatalogue, recordCatalogue, type CatalogueVersion, type KnownCatalogue } from "./catalogue/versions.ts";
import {
  CATALOGUE_NAMES,
  CATALOGUE_PARTITION,
  CATALOGUES,
  catalogueAsset,
  catalogueTable,
  type Catalogue,
} from "./sources/catalogue.ts";
import { EDXORG_CATALOGUE_CODE } from "./sources/code-versions.ts";
import { jobModes } from "./sources/modes.ts";

/** Below the task's own 900 s, with room for the rows. */
const DEADLINE_MS = 720_000;
/** A list with fewer entries than this part of the last one is not believed. */
const GUARD = 0.8;

const Input = z.looseObject({ catalogue: z.enum(CATALOGUE_NAMES), mode: z.string().exactOptional() });

export const handler = task({
  name: "ReadCatalogue",
  input: Input,
  run: (input, context) => readCatalogue(input, context),
});

type Context = Pick<TaskContext, "io" | "settings" | "run" | "measure">;

export interface CatalogueOutcome {
  readonly outcome: "staged" | "unchanged";
  /** Key of the commit plan in the artifacts bucket; only when staged. */
  readonly planKey?: string;
  readonly asset: string;
  readonly partition: string;
  /** Of all rows, without when they were read. */
  readonly dataVersion: string;
  readonly codeVersion: string;
  /** Rows by entity; what was left out, and what entries lacked. */
  readonly counts: Readonly<Record<string, number>>;
  readonly tables: readonly string[];
  readonly checkedAt: string;
  readonly repeated?: true;
}

/**
 * One list of edx.org's discovery API, whole or not at all. Mode `all` makes its rows again, once for a run, and takes a
 * list that has shrunk. Throws as `readList`, Malformed `catalogue_empty` and `catalogue_shrunk`.
 */
export async function readCatalogue(
  input: z.infer<typeof Input>,
  context: Context,
  clock: Clock = systemClock,
): Promise<CatalogueOutcome> {
  const { io, settings, measure } = context;
  const { catalogue } = input;
  const mode = takenMode(input.mode, jobModes.catalogue, "catalogue");
  const checkedAt = new Date().toISOString();
  const deadline = clock.now() + DEADLINE_MS;
  const found = await collect(catalogue, readList({ secrets: io.secrets, catalogue, deadline, clock }));
  if (found.malformed.length > 0) measure("CatalogueRowsMalformed", found.malformed.length, "Count", { catalogue });
  await quarantineEntries(io, settings.buckets.quarantine, catalogue, found.malformed);
  return retryConflict(() => settle({ catalogue, found, mode, checkedAt }, context));
}

interface Read {
  readonly catalogue: Catalogue;
  readonly found: Collected;
  readonly mode: BackfillMode;
  readonly checkedAt: string;
}

async function settle(read: Read, context: Context): Promise<CatalogueOutcome> {
  const { catalogue, found, mode } = read;
  const { io, run } = context;
  const known = await knownCatalogue(io.ledger, catalogue);
  guard(read, known);
  const isSame =
    known?.version.dataVersion === found.dataVersion && known.version.codeVersion === EDXORG_CATALOGUE_CODE;
  const again = isSame && mode === "all" && known.version.run !== run.id;
  const version = isSame && !again ? known.version : newVersion(read, run.id, known, again);
  const materialised = {
    ...{ asset: catalogueAsset(catalogue), partition: CATALOGUE_PARTITION },
    ...{ dataVersion: version.dataVersion, codeVersion: version.codeVersion },
  };
  const outcome = {
    ...materialised,
    counts: { ...version.counts, ...left(found) },
    tables: CATALOGUES[catalogue].map((entity) => `raw.${catalogueTable(entity)}`),
    checkedAt: read.checkedAt,
  };
  if (version === known?.version && (await arePlansCommitsTold(io.ledger, version.planId, materialised))) {
    return { ...outcome, outcome: "unchanged" };
  }
  await publishCatalogue(catalogue, found.entities, version, context);
  await recordCatalogue(io.ledger, catalogue, version, known);
  const repeated = version.repeated === true ? { repeated: true as const } : {};
  return { ...outcome, ...repeated, outcome: "staged", planKey: planKey(version.planId) };
}

const left = ({ malformed, missingFields, duplicates }: Collected) => ({
  ...{ malformed: malformed.length, missing_fields: missingFields, duplicates },
});

function newVersion(
  { catalogue, found, checkedAt }: Read,
  run: string,
  known: KnownCatalogue | undefined,
  again: boolean,
): CatalogueVersion {
  const { dataVersion, entities } = found;
  const generation = (known?.version.generation ?? 0) + 1;
  const identity = [catalogue, dataVersion, EDXORG_CATALOGUE_CODE, generation];
  const digest = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 40);
  return {
    ...{ dataVersion, codeVersion: EDXORG_CATALOGUE_CODE, generation, planId: `edxorg-catalogue-${digest}` },
    counts: Object.fromEntries(entities.map(({ entity, rows }) => [entity, rows.length])),
    ...{ retrievedAt: checkedAt, run },
    ...(again ? { repeated: true as const } : {}),
  };
}

/** What would empty or shrink the tables is not written. */
function guard({ catalogue, found, mode }: Read, known: KnownCatalogue | undefined): void {
  const [entity] = CATALOGUES[catalogue];
  const count = found.entities.find((one) => one.entity === entity)?.rows.length ?? 0;
  const before = known?.version.counts[entity] ?? 0;
  if (count === 0) throw held(catalogue, "catalogue_empty", "it has no entry.");
  if (mode !== "all" && count < before * GUARD) {
    throw held(catalogue, "catalogue_shrunk", `it has ${count} entries and had ${before}.`);
  }
}

const held = (catalogue: Catalogue, code: string, reason: string): Failure =>
  new Failure("Malformed", `The list of ${catalogue} of edx.org is not believed: ${reason} The tables stand.`, {
    code,
    what: `read the ${catalogue} of edx.org`,
    hint: 'Look at the API. If it is so, start the job by hand with "mode": "all"; an empty list is never taken.',
  });
