import type { Catalogue, CatalogueEntity } from "../sources/catalogue.ts";

type Value = Readonly<Record<string, unknown>>;

/** As it lands, without `retrieved_at`. */
export type CatalogueRow = Readonly<Record<string, unknown>>;

export interface Mapped {
  readonly entity: CatalogueEntity;
  /** Sorted by; undefined = the row has none. */
  readonly key: readonly string[] | undefined;
  readonly row: CatalogueRow;
  /** What it was made of. */
  readonly from: unknown;
}

/** Reads fields by name; one that is absent is null and counted. */
export class Fields {
  missing = 0;

  of(from: Value, name: string): unknown {
    const value = from[name];
    if (value === undefined) this.missing += 1;
    return value ?? null;
  }

  /** Undefined = it is there and no list, or not there. */
  list(from: Value, name: string): readonly Value[] | undefined {
    const value = this.of(from, name);
    return Array.isArray(value) ? value.filter(isValue) : undefined;
  }

  /** The keys of organisations. */
  keys(from: Value, name: string): string | null {
    const keys = this.list(from, name)?.flatMap(({ key }) => (typeof key === "string" ? [key] : []));
    return keys?.join(", ") ?? null;
  }

  image(from: Value): CatalogueRow | null {
    const image = this.of(from, "image");
    const src = isValue(image) ? image["src"] : undefined;
    return isValue(image) && typeof src === "string" && src !== ""
      ? { url: src, description: image["description"] ?? null }
      : null;
  }

  all(from: Value, names: Readonly<Record<string, string>>): CatalogueRow {
    return Object.fromEntries(Object.entries(names).map(([column, name]) => [column, this.of(from, name)]));
  }
}

const same = (...names: string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, name]));

/** Rows of spec/edxorg.md 11 of one entry of a list. What is no object is a row without a key. */
export function rowsOf(catalogue: Catalogue, entry: unknown, fields: Fields): readonly Mapped[] {
  if (catalogue === "programs") return programRows(isValue(entry) ? entry : {}, entry, fields);
  return courseRows(isValue(entry) ? entry : {}, entry, fields);
}

function programRows(program: Value, from: unknown, fields: Fields): readonly Mapped[] {
  const uuid = program["uuid"];
  const row = {
    ...fields.all(program, same("uuid", "title", "subtitle", "type", "status")),
    authoring_organizations: fields.keys(program, "authoring_organizations"),
    ...fields.all(program, same("data_modified_timestamp")),
  };
  const courses = typeof uuid === "string" ? (fields.list(program, "courses") ?? []) : [];
  return [
    { entity: "program_metadata", key: keyOf(uuid), row, from },
    ...courses.map((course): Mapped => {
      const names = { course_key: "key", course_title: "title", course_short_description: "short_description" };
      return {
        entity: "program_course_metadata",
        key: keyOf(uuid, course["key"]),
        row: { program_uuid: uuid, ...fields.all(course, { ...names, course_type: "course_type" }) },
        from: course,
      };
    }),
  ];
}

function courseRows(course: Value, from: unknown, fields: Fields): readonly Mapped[] {
  const courseKey = course["key"];
  const row = {
    ...fields.all(course, { course_key: "key", title: "title" }),
    owner: fields.keys(course, "owners"),
    ...fields.all(course, same("short_description", "full_description", "level_type", "marketing_url")),
    image: fields.image(course),
    ...fields.all(course, same("course_type")),
    subjects: fields.list(course, "subjects")?.map(({ name }) => ({ name: name ?? null })) ?? null,
    ...fields.all(course, same("prerequisites", "prerequisites_raw", "modified")),
  };
  const runs = typeof courseKey === "string" ? (fields.list(course, "course_runs") ?? []) : [];
  return [
    { entity: "course_metadata", key: keyOf(courseKey), row, from },
    ...runs.map((run): Mapped => ({
      ...{ entity: "course_run_metadata", key: keyOf(courseKey, run["key"]), from: run },
      row: { course_key: courseKey, ...runRow(run, fields) },
    })),
  ];
}

const runRow = (run: Value, fields: Fields): CatalogueRow => ({
  ...fields.all(run, {
    ...{ run_key: "key", ...same("title", "short_description", "full_description", "marketing_url", "level_type") },
    ...{ languages: "content_language", start_on: "start", end_on: "end" },
    ...same("enrollment_start", "enrollment_end", "announcement", "pacing_type"),
    enrollment_type: "type",
    ...same("availability", "status", "is_enrollable"),
  }),
  image: fields.image(run),
  ...fields.all(run, same("seats")),
  staff:
    fields.list(run, "staff")?.map(({ given_name, family_name }) => ({
      ...{ first_name: given_name ?? null, last_name: family_name ?? null },
    })) ?? null,
  ...fields.all(run, same("weeks_to_complete", "min_effort", "max_effort", "estimated_hours", "modified")),
});

const isValue = (value: unknown): value is Value =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const keyOf = (...parts: readonly unknown[]): readonly string[] | undefined => {
  const texts = parts.filter((part) => typeof part === "string" && part !== "");
  return texts.length === parts.length ? texts.map(String) : undefined;
};
