import { Failure, describeFailure, isFailure } from "../../core/model/failures.ts";

/** Exit codes of every verb. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

export interface Output {
  readonly json: boolean;
  /** The result: one JSON document, or the text that `render` makes of it. */
  result(value: unknown, render: () => string): void;
  /** Progress and remarks, on stderr. */
  note(message: string): void;
}

export const createOutput = (json: boolean): Output => ({
  json,
  result(value, render) {
    process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${render()}\n`);
  },
  note(message) {
    process.stderr.write(`${message}\n`);
  },
});

/** Wrong arguments or unreadable input: nothing has happened, exit code 2. */
export const badInput = (message: string, hint: string, code = "bad_input"): Failure =>
  new Failure("Rejected", message, { code, what: "read the command line", hint });

/** One sentence and the next step; the stack only when somebody asks for it. */
export function reportError(error: unknown, options: { readonly json: boolean; readonly debug: boolean }): number {
  const record = describeFailure(error);
  const hint = record.hint === undefined ? "" : `\n  ${record.hint}`;
  process.stderr.write(`millrace: ${record.message}${hint}\n`);
  if (options.debug && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  if (options.json) {
    const { code, message } = record;
    process.stdout.write(
      `${JSON.stringify({ error: { name: record.class, code, message, hint: record.hint ?? null } })}\n`,
    );
  }
  return isFailure(error) &&
    (error.info.what === "read the command line" || error.code === "bad_query" || error.code === "read_only")
    ? EXIT.usage
    : EXIT.failed;
}

/** Columns padded to their widest cell; `null` is shown as a dash. */
export function table(headers: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [
    headers,
    ...rows.map((row) => row.map((cell) => (cell === null || cell === undefined ? "-" : String(cell)))),
  ];
  const widths = headers.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
