import { isFailure } from "../../core/model/failures.ts";
import { LegacyNumber, legacyJsonText, parseLegacyJson, type LegacyJson } from "../../core/model/legacy-json.ts";

/**
 * Course settings that hold secrets. They are removed before anything is stored: a passport is
 * `name:key:secret`, the upload pipeline has a token.
 */
const SECRET_FIELDS: ReadonlySet<string> = new Set(["lti_passports", "video_upload_pipeline"]);

export interface CoursePolicy {
  readonly course_id: string;
  readonly policy_key: string;
  readonly advanced_modules: string;
  readonly discussions_settings: string;
  readonly display_coursenumber: string;
  readonly self_paced: boolean | null;
  readonly tabs: string;
  readonly tags: string;
  /** The whole entry as JSON text, without secrets. */
  readonly policy: string;
  readonly grading_policy: string | null;
}

export interface CertificateSignatory {
  readonly course_id: string;
  readonly certificate_id: string | null;
  readonly id: string | null;
  readonly name: string | null;
  readonly title: string | null;
  readonly organization: string | null;
  readonly signature_image_path: string | null;
  /** All its own fields as JSON text. */
  readonly details: string;
}

export interface PolicyRows {
  readonly policies: readonly CoursePolicy[];
  readonly signatories: readonly CertificateSignatory[];
}

type JsonObject = ReadonlyMap<string, LegacyJson>;

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

function policyRow(courseId: string, key: string, entry: JsonObject, grading: JsonObject | undefined): CoursePolicy {
  const json = (name: string, otherwise: string) =>
    entry.has(name) ? legacyJsonText(entry.get(name) ?? null) : otherwise;
  const selfPaced = entry.get("self_paced");
  return {
    course_id: courseId,
    policy_key: key.toWellFormed(),
    advanced_modules: json("advanced_modules", "[]"),
    discussions_settings: json("discussions_settings", "{}"),
    display_coursenumber: textOf(entry.get("display_coursenumber")) ?? "",
    self_paced: typeof selfPaced === "boolean" ? selfPaced : null,
    tabs: json("tabs", "[]"),
    tags: json("tags", "[]"),
    policy: legacyJsonText(entry),
    grading_policy: grading === undefined ? null : legacyJsonText(grading),
  };
}

function signatoryRows(courseId: string, entry: JsonObject): CertificateSignatory[] {
  const holder = entry.get("certificates");
  const certificates = isObject(holder) ? listOf(holder.get("certificates")) : [];
  return certificates.filter(isObject).flatMap((certificate) =>
    listOf(certificate.get("signatories"))
      .filter(isObject)
      .map((signatory) => ({
        course_id: courseId,
        certificate_id: textOf(certificate.get("id")),
        id: textOf(signatory.get("id")),
        name: textOf(signatory.get("name")),
        title: textOf(signatory.get("title")),
        organization: textOf(signatory.get("organization")),
        signature_image_path: textOf(signatory.get("signature_image_path")),
        details: legacyJsonText(signatory),
      })),
  );
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
  // Half a surrogate pair has no UTF-8 form; the whole entry keeps its escape in `policy` and `details`.
  if (typeof value === "string") return value.toWellFormed();
  return value instanceof LegacyNumber ? value.text : null;
}
