/** `12:00:03  4 of 9 ERROR creating sql table model …`, also under dbt's colours. */
const RESULT = /^.*?\b\d+ of \d+ (?:ERROR|FAIL)\b.*$/gm;
/** dbt's own summary of what went wrong begins here. */
const SUMMARY = /^.*\bCompleted with \d+ (?:error|failure|warning)s?\b.*$/m;
const COLOURS = /\u001b\[[0-9;]*m/g;

/** What an alert says of a failed dbt run: how many nodes failed in the whole log, and its errors without the preamble. */
export function dbtErrors(log: string): { readonly failed: number; readonly text: string } {
  const plain = log.replaceAll(COLOURS, "");
  const results = [...plain.matchAll(RESULT)];
  const start = SUMMARY.exec(plain)?.index ?? results[0]?.index ?? 0;
  return { failed: results.length, text: plain.slice(start).trim() };
}
