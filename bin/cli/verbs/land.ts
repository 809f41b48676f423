import { accessSync, constants, statSync } from "node:fs";
import * as z from "zod";
import type { Ledger } from "../../../core/io/ports.ts";
import { DECLARED, usePorts } from "../kernel.ts";
import { landingKey, landingKind, LANDING_KINDS } from "../landing-keys.ts";
import { landAndWait, type LandedObject } from "../landing.ts";
import { badInput, EXIT, table } from "../output.ts";
import { errorText, RunError } from "../status.ts";
import type { Verb } from "../verb.ts";

const Options = z.looseObject({
  as: z.string({ error: `--as is missing: ${LANDING_KINDS.join(" or ")}` }),
  deployment: z.string({ error: "--deployment is missing, for example mitxonline" }),
  date: z.string().optional(),
  wait: z.boolean().default(false),
  timeout: z.coerce.number().positive().default(900),
});

export const land: Verb = {
  usage: "land <file...>",
  summary: "Put files where their source would put them; their arrival starts the work",
  options: [
    ["--as <kind>", LANDING_KINDS.join(" | ")],
    ["--deployment <name>", "mitx | mitxonline | xpro | edxorg"],
    ["--date <date>", "log date, YYYY-MM-DD (default: a date in the file's name, else today, UTC)"],
    ["--wait", "wait until everything that the files cause has settled, also what waits in lanes, and count it"],
    ["--timeout <seconds>", "longest wait (default 900)"],
  ],
  home: "engine",
  examples: [
    "land tracking.log-2026-01-15.gz --as tracking_log --deployment mitxonline --wait",
    "land course-v1:Org+Course+Run.tar.gz --as course_archive --deployment xpro --wait --json",
  ],
  async run({ args, options }, context) {
    const parsed = Options.safeParse(options);
    if (!parsed.success) throw badInput(z.prettifyError(parsed.error), "See `npx millrace land --help`.");
    const { as, deployment, date, wait, timeout } = parsed.data;
    const kind = landingKind(as);
    const files = args.map((path) => ({ path, kind, key: landingKey(kind, deployment, path, date) }));
    checkFiles(files);
    const { consumersOfRuns } = await import("../landing-consumers.ts");
    let ledger: Ledger | undefined;
    const { objects, ok } = await landAndWait({
      engine: context.engine,
      out: context.out,
      stateDir: context.stateDir,
      files,
      wait,
      timeoutSeconds: timeout,
      consumers: async (runs) => consumersOfRuns((ledger ??= (await usePorts(context)).io.ledger), DECLARED, runs),
    });
    context.out.result({ objects }, () => render(objects));
    return ok ? EXIT.ok : EXIT.failed;
  },
};

/** All files are looked at before the first one lands. */
function checkFiles(files: readonly { readonly path: string; readonly key: string }[]): void {
  const seen = new Map<string, string>();
  for (const { path, key } of files) {
    const info = statSync(path, { throwIfNoEntry: false });
    if (info === undefined) throw badInput(`There is no file ${path}.`, "Nothing was landed.", "file_missing");
    if (!info.isFile())
      throw badInput(`${path} is not a file.`, "Name files, not folders. Nothing was landed.", "not_a_file");
    try {
      accessSync(path, constants.R_OK);
    } catch {
      throw badInput(`${path} cannot be read.`, "Change its permissions. Nothing was landed.", "file_unreadable");
    }
    const other = seen.get(key);
    if (other !== undefined)
      throw badInput(
        `${other} and ${path} would land under the same key ${key}.`,
        "Rename one. Nothing was landed.",
        "same_key",
      );
    seen.set(key, path);
  }
}

/** Lines of a log, or members of a weekly archive. */
const Refused = z.union([
  z.object({ quarantined: z.number().positive() }),
  z.object({ counts: z.object({ malformed: z.number().positive() }) }),
]);

function render(objects: readonly LandedObject[]): string {
  const hidden = new Set(["sha256", "counts", "error"]);
  const columns = Object.keys(objects[0] ?? {}).filter((column) => !hidden.has(column));
  const rows = table(
    columns,
    objects.map((object) => columns.map((column) => object[column])),
  );
  const errors = objects.flatMap(({ key, error }) => {
    const parsed = RunError.safeParse(error);
    return parsed.success ? [`${key}: ${errorText(parsed.data)}`] : [];
  });
  const counts = objects.flatMap(({ key, counts: byType }) =>
    byType == null ? [] : [`${key}: ${JSON.stringify(byType)}`],
  );
  const refused = objects
    .filter((object) => Refused.safeParse(object).success)
    .map(({ key }) => `Not all of it could be accepted: \`npx millrace quarantine show '${key}'\`.`);
  return [rows, ...counts, ...refused, ...errors].join("\n");
}
