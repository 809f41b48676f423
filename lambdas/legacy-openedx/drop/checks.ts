import { COURSE_IDS, dropFiles } from "../queries.ts";

const LEAST_SHARE = 0.8;

/**
 * What is wrong with the counts of a drop, in words; nothing = it may be delivered. An old loader believes what it gets:
 * a table that came back empty would empty its own.
 */
export function dropProblems(
  rows: Readonly<Record<string, number>>,
  lastComplete: { readonly date: string; readonly rows: Readonly<Record<string, number>> } | undefined,
): readonly string[] {
  const words = Object.fromEntries([
    [COURSE_IDS.name, "courses"],
    ...dropFiles.map((file) => [file.name, file.rowsAre]),
  ]);
  const missing = Object.keys(words).filter((name) => rows[name] === undefined);
  const empty = dropFiles.filter(({ name, required }) => required && rows[name] === 0);
  const said = new Set([...missing, ...empty.map(({ name }) => name)]);
  const fewer = Object.entries(lastComplete?.rows ?? {}).filter(
    ([name, before]) => !said.has(name) && (rows[name] ?? 0) < LEAST_SHARE * before,
  );
  return [
    ...missing.map((name) => `${name} is not ready`),
    ...empty.map(({ name, rowsAre }) => `no ${rowsAre} at all (${name})`),
    ...fewer.map(
      ([name, before]) =>
        `${rows[name] ?? 0} ${words[name] ?? "rows"} in ${name}, ${before} in the drop of ${lastComplete?.date ?? "before"}`,
    ),
  ];
}
