import type { EnvironmentName } from "../../core/model/pipeline.ts";
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

export const createOutput = (json: boolean, environment?: EnvironmentName): Output => ({
  json,
  result(value, render) {
    process.stdout.write(addressed(json ? `${JSON.stringify(value)}\n` : `${render()}\n`, environment));
  },
  note(message) {
    process.stderr.write(addressed(`${message}\n`, environment));
  },
});

/** Commands that a text names are for the environment that it tells of: pasted as they are, they must go there. */
const addressed = (text: string, environment: EnvironmentName | undefined): string =>
  environment === undefined
    ? text
    : text.replaceAll(/npx millrace (?!preflight)/g, `npx millrace --env ${environment} `);

/** Wrong arguments or unreadable input: nothing has happened, exit code 2. */
export const badInput = (message: string, hint: string, code = "bad_input"): Failure =>
  new Failure("Rejected", message, { code, what: "read the command line", hint });

/** Hints of errors are for whoever runs a task; the credentials of an operator are another matter. */
const OPERATOR_HINTS: Readonly<Record<string, string>> = {
  aws_denied: 'Your credentials may not do it. What an operator needs: docs/deploy.md, "Who may operate it".',
  aws_credentials: "Sign in (`aws sso login`), and set AWS_PROFILE or the AWS_* variables, AWS_REGION among them.",
  aws_resource_missing: "The environment is not whole: `npx millrace preflight` tells what is wrong.",
};

/** One sentence and the next step; the stack only when somebody asks for it. */
export function reportError(
  error: unknown,
  {
    environment,
    ...options
  }: { readonly json: boolean; readonly debug: boolean; readonly environment?: EnvironmentName | undefined },
): number {
  const record = describeFailure(error);
  const next = (environment === undefined ? undefined : OPERATOR_HINTS[record.code]) ?? record.hint;
  const hint = next === undefined ? "" : `\n  ${next}`;
  process.stderr.write(addressed(`millrace: ${record.message}${hint}\n`, environment));
  if (options.debug && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  if (options.json) {
    const { code, message } = record;
    process.stdout.write(
      addressed(
        `${JSON.stringify({ error: { name: record.class, code, message, hint: next ?? null } })}\n`,
        environment,
      ),
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
