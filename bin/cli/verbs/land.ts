import { accessSync, constants, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { ENV_LANDING, landFiles, type Landed } from "../../../embedded/control/land.ts";
import { countsOf } from "../landing-counts.ts";
import { landingKey, landingKind, LANDING_KINDS, type LandingKind } from "../landing-keys.ts";
import { badInput, EXIT, table, type Output } from "../output.ts";
import { readStatus, Run } from "../status.ts";
import type { EngineClient } from "../../../embedded/control/client.ts";
import type { Verb } from "../verb.ts";

const POLL_MS = 150;

const Options = z.looseObject({
  as: z.string({ error: `--as is missing: ${LANDING_KINDS.join(" or ")}` }),
  deployment: z.string({ error: "--deployment is missing, for example mitxonline" }),
  date: z.string().optional(),
  wait: z.boolean().default(false),
  timeout: z.coerce.number().positive().default(900),
});

export const LandedRun = Run.extend({ output: z.unknown() });
export type LandedRun = z.infer<typeof LandedRun>;

const Followed = z.object({
  settled: z.boolean(),
  objects: z.array(z.array(LandedRun).nullable()),
  downstream: z.array(Run),
});
type Followed = z.infer<typeof Followed>;

export interface LandedObject {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly run: string | null;
  readonly status: string;
  readonly [count: string]: unknown;
}

export const land: Verb = {
  usage: "land <file...>",
  summary: "Put files where their source would put them; their arrival starts the work",
  options: [
    ["--as <kind>", LANDING_KINDS.join(" | ")],
    ["--deployment <name>", "mitx | mitxonline | xpro | edxorg"],
    ["--date <date>", "log date, YYYY-MM-DD (default: a date in the file's name, else today, UTC)"],
    ["--wait", "wait until everything that the files cause has settled, and count it"],
    ["--timeout <seconds>", "longest wait (default 900)"],
  ],
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
    const engine = await context.engine();
    const { objects, ok } = await landAndWait({
      engine,
      out: context.out,
      stateDir: context.stateDir,
      files,
      wait,
      timeoutSeconds: timeout,
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

export interface LandingFile {
  readonly path: string;
  readonly kind: LandingKind;
  readonly key: string;
}

export async function landAndWait(options: {
  readonly engine: EngineClient;
  readonly out: Output;
  readonly stateDir: string;
  readonly files: readonly LandingFile[];
  readonly wait: boolean;
  readonly timeoutSeconds: number;
}): Promise<{ readonly objects: LandedObject[]; readonly ok: boolean; readonly downstream: readonly Run[] }> {
  const { engine, out, stateDir, files } = options;
  const { settings } = await readStatus(engine);
  const bucket = settings[ENV_LANDING] ?? "";
  const landed = await landFiles(stateDir, bucket, files, ({ key, bytes }) =>
    out.note(`landed ${key} (${bytes} bytes)`),
  );
  if (!options.wait) {
    const objects = landed.map((one, index) => ({
      ...identity(one),
      run: null,
      status: "landed",
      ...countsOf(files[index]?.kind, []),
    }));
    return { objects, ok: true, downstream: [] };
  }
  const followed = await waitUntilSettled(engine, landed, out, options.timeoutSeconds);
  const objects = landed.map((one, index): LandedObject => {
    const runs = followed.objects[index] ?? null;
    const [run] = runs ?? [];
    const status = runs === null ? "queued" : run === undefined ? "ignored" : run.status;
    return {
      ...identity(one),
      run: run?.id ?? null,
      status,
      ...countsOf(files[index]?.kind, runs ?? []),
      error: run?.error ?? null,
    };
  });
  const all = [...objects.map(({ status }) => status), ...followed.downstream.map(({ status }) => status)];
  if (!followed.settled)
    out.note(`Not settled after ${options.timeoutSeconds} s; the work goes on. See \`npx millrace runs\`.`);
  for (const failed of followed.downstream.filter(({ status }) => status === "failed")) {
    out.note(`The run ${failed.id} that this caused has failed: ${failed.error?.message ?? ""}`);
  }
  return {
    objects,
    ok: followed.settled && all.every((status) => status === "succeeded"),
    downstream: followed.downstream,
  };
}

const identity = ({ key, sha256, bytes }: Landed) => ({ key, sha256, bytes });

async function waitUntilSettled(
  engine: EngineClient,
  landed: readonly Landed[],
  out: Output,
  timeoutSeconds: number,
): Promise<Followed> {
  const objects = landed.map(({ bucket, key, versionId }) => ({ bucket, key, versionId }));
  let told = "";
  for (const deadline = Date.now() + timeoutSeconds * 1000; ; await sleep(POLL_MS)) {
    const followed = await engine.post("/api/follow", { objects }, Followed);
    const line = progress(followed);
    if (line !== told) out.note((told = line));
    if (followed.settled || Date.now() > deadline) return followed;
  }
}

function progress({ objects, downstream, settled }: Followed): string {
  const runs = objects.flatMap((found) => found ?? []);
  const done = runs.filter(({ status }) => status !== "running").length;
  const building = downstream.filter(({ status }) => status === "running").length;
  const later = downstream.length === 0 ? "" : `; ${downstream.length} runs caused by them, ${building} at work`;
  return `${done} of ${objects.length} runs done${later}${settled ? "; settled" : ""}`;
}

function render(objects: readonly LandedObject[]): string {
  const hidden = new Set(["sha256", "counts", "error"]);
  const columns = Object.keys(objects[0] ?? {}).filter((column) => !hidden.has(column));
  const rows = table(
    columns,
    objects.map((object) => columns.map((column) => object[column])),
  );
  const errors = objects.flatMap(({ key, error }) => {
    const parsed = z.object({ name: z.string(), code: z.string(), message: z.string() }).safeParse(error);
    return parsed.success ? [`${key}: ${parsed.data.name} ${parsed.data.code}: ${parsed.data.message}`] : [];
  });
  const counts = objects.flatMap(({ key, counts: byType }) =>
    byType === undefined ? [] : [`${key}: ${JSON.stringify(byType)}`],
  );
  return [rows, ...counts, ...errors].join("\n");
}
