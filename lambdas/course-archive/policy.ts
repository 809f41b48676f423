import { isFailure } from "../../core/model/failures.ts";
import { LegacyNumber, legacyJsonText, parseLegacyJson, type LegacyJson } from "../../core/model/legacy-json.ts";

/**
 * Course settings that hold secrets. They are removed before anything is stored: a passport is
 * `name:key:secret`, the upload pipeline has a token.
 */
const SECRET_FIELDS: ReadonlySet<string> = new Set(["lti_passports", "video_upload_pipeline"]);

type JsonObject = ReadonlyMap<string, LegacyJson>;

/** Rows as they land, their values as the document has them; the columns of tables.ts take them as text. */
export interface PolicyRows {
  readonly policies: readonly JsonObject[];
  readonly signatories: readonly JsonObject[];
}

/** A document under `policies/`, without secrets; undefined = not JSON or not an object. */
export function readPolicy(bytes: Uint8Array): JsonObject | undefined {
  const value = readJson(bytes);
  const clean = value === undefined ? undefined : withoutSecrets(value);
  return isObject(clean) ? clean : undefined;
}

function readJson(bytes: Uint8Array): LegacyJson | undefined {
  try {
    return parseLegacyJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (isFailure(error) || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** A policy file's bytes as they are, or rewritten if it holds a secret; undefined = it may hold one and is no JSON. */
export function withoutSecretFields(bytes: Buffer): Buffer | undefined {
  const value = readJson(bytes);
  if (value === undefined) return [...SECRET_FIELDS].some((field) => bytes.includes(field)) ? undefined : bytes;
  const clean = legacyJsonText(withoutSecrets(value));
  return clean === legacyJsonText(value) ? bytes : Buffer.from(clean, "ascii");
}

/** Rows of the entries whose key starts with `course/`; other documents of the folder have none. */
export function policyRows(courseId: string, document: JsonObject, grading: JsonObject | undefined): PolicyRows {
  const entries = [...document].flatMap(([key, value]) =>
    key.startsWith("course/") && isObject(value) ? [{ key, value }] : [],
  );
  return {
    policies: entries.map(({ key, value }) => policyRow(courseId, key, value, grading)),
    signatories: entries.flatMap(({ value }) => signatoryRows(courseId, value)),
  };
}

function policyRow(courseId: string, key: string, entry: JsonObject, grading: JsonObject | undefined): JsonObject {
  const given = (name: string, otherwise: LegacyJson): [string, LegacyJson] => [
    name,
    wellFormed(entry.get(name) ?? (entry.has(name) ? null : otherwise)),
  ];
  const selfPaced = entry.get("self_paced");
  return new Map<string, LegacyJson>([
    ["course_id", courseId],
    ["policy_key", key.toWellFormed()],
    given("advanced_modules", []),
    given("discussions_settings", new Map()),
    ["display_coursenumber", textOf(entry.get("display_coursenumber")) ?? ""],
    ["self_paced", typeof selfPaced === "boolean" ? selfPaced : null],
    given("tabs", []),
    given("tags", []),
    // The whole entry as JSON text, without secrets.
    ["policy", legacyJsonText(entry)],
    ["grading_policy", grading === undefined ? null : legacyJsonText(grading)],
  ]);
}

/** All its own fields, and as JSON text once more for those that have no column. */
function signatoryRows(courseId: string, entry: JsonObject): JsonObject[] {
  const holder = entry.get("certificates");
  const certificates = isObject(holder) ? listOf(holder.get("certificates")) : [];
  return certificates.filter(isObject).flatMap((certificate) =>
    listOf(certificate.get("signatories"))
      .filter(isObject)
      .map((signatory) => {
        const own = [...signatory].map(([name, value]) => [name.toWellFormed(), wellFormed(value)] as const);
        return new Map<string, LegacyJson>([
          ...own,
          ["course_id", courseId],
          ["certificate_id", wellFormed(certificate.get("id") ?? null)],
          ["details", legacyJsonText(signatory)],
        ]);
      }),
  );
}

/** Half a surrogate pair has no UTF-8 form; the whole entry keeps its escape in `policy` and `details`. */
function wellFormed(value: LegacyJson): LegacyJson {
  if (typeof value === "string") return value.toWellFormed();
  if (isObject(value)) return new Map([...value].map(([name, one]) => [name.toWellFormed(), wellFormed(one)]));
  return isList(value) ? value.map(wellFormed) : value;
}

function withoutSecrets(value: LegacyJson): LegacyJson {
  if (isObject(value)) {
    const kept = [...value].filter(([key]) => !SECRET_FIELDS.has(key));
    return new Map(kept.map(([key, member]) => [key, withoutSecrets(member)]));
  }
  return isList(value) ? value.map(withoutSecrets) : value;
}

const isList = (value: LegacyJson | undefined): value is readonly LegacyJson[] => Array.isArray(value);
const isObject = (value: LegacyJson | undefined): value is JsonObject => value instanceof Map;
const listOf = (value: LegacyJson | undefined): readonly LegacyJson[] => (isList(value) ? value : []);

/** Ids are numbers in some exports and strings in others. */
function textOf(value: LegacyJson | undefined): string | null {
  if (typeof value === "string") return value.toWellFormed();
  return value instanceof LegacyNumber ? value.text : null;
}
