import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { isFailure } from "../../core/model/failures.ts";
import type { EngineClient } from "../../embedded/control/client.ts";
import type { Landed } from "../../embedded/control/land.ts";
import type { Consumers } from "./landing-consumers.ts";
import { countsOf } from "./landing-counts.ts";
import type { LandingKind } from "./landing-keys.ts";
import type { Output } from "./output.ts";
import { readStatus, Run } from "./status.ts";

const POLL_MS = 150;
/** Following a file costs the engine some reads: 200 files are asked for once in two seconds. */
const POLL_MS_PER_OBJECT = 10;
/** What waits in a lane begins when another run has ended. */
const POLL_MS_QUEUED = 1_000;

const LandedRun = Run.extend({ output: z.unknown().optional() });

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

export interface LandingFile {
  readonly path: string;
  readonly kind: LandingKind;
  readonly key: string;
}

export async function landAndWait(options: {
  /** Finds the engine, or starts one; asked again when it has gone. */
  readonly engine: () => Promise<EngineClient>;
  readonly out: Output;
  readonly stateDir: string;
  readonly files: readonly LandingFile[];
  readonly wait: boolean;
  readonly timeoutSeconds: number;
  /** Runs that the outputs of these runs have had requested. */
  readonly consumers: (runs: readonly string[]) => Promise<Consumers>;
}): Promise<{ readonly objects: LandedObject[]; readonly ok: boolean; readonly downstream: readonly Run[] }> {
  const { engine, out, stateDir, files } = options;
  const { ENV_LANDING, landFiles } = await import("../../embedded/control/land.ts");
  const { settings } = await readStatus(await engine());
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
  const followed = await waitUntilSettled(engine, landed, options);
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
    out.note(
      `Not settled after ${options.timeoutSeconds} s; the work goes on. See \`npx millrace runs\`, and \`lanes\`.`,
    );
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

/** The work does not depend on who waits for it: when the engine is killed and comes back, the wait goes on. */
async function waitUntilSettled(
  engine: () => Promise<EngineClient>,
  landed: readonly Landed[],
  { out, timeoutSeconds, consumers }: Pick<Parameters<typeof landAndWait>[0], "out" | "timeoutSeconds" | "consumers">,
): Promise<Followed> {
  const objects = landed.map(({ bucket, key, versionId }) => ({ bucket, key, versionId }));
  const pause = Math.max(POLL_MS, objects.length * POLL_MS_PER_OBJECT);
  let client = await engine();
  let told = "";
  const runs = new Set<string>();
  let queued: Consumers["requested"] = [];
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (; ; await sleep(queued.length > 0 ? POLL_MS_QUEUED : pause)) {
    try {
      const isLate = Date.now() > deadline;
      const followed = await client.post("/api/follow", { objects, runs: [...runs], outputs: isLate }, Followed);
      const begun = namesIn(followed);
      if (followed.settled) {
        const { requested, untold } = await consumers(begun);
        for (const { run } of requested) runs.add(run);
        queued = requested;
        followed.settled = untold === 0 && requested.every(({ run }) => begun.includes(run));
      }
      queued = queued.filter(({ run }) => !begun.includes(run));
      const line = progress(followed, queued);
      if (line !== told) out.note((told = line));
      if (followed.settled || isLate) return followed;
    } catch (error) {
      if (!isFailure(error) || error.code !== "engine_unreachable") throw error;
      out.note("The engine has gone; what has landed is safe.");
      client = await engine();
    }
  }
}

const namesIn = ({ objects, downstream }: Followed): string[] =>
  [...objects.flatMap((found) => found ?? []), ...downstream].map(({ id }) => id);

function progress({ objects, downstream, settled }: Followed, queued: Consumers["requested"]): string {
  const runs = objects.flatMap((found) => found ?? []);
  const done = runs.filter(({ status }) => status !== "running").length;
  const building = downstream.filter(({ status }) => status === "running").length;
  const later = downstream.length === 0 ? "" : `; ${downstream.length} runs caused by them, ${building} at work`;
  const lanes = [...new Set(queued.map(({ lane }) => lane))].join(", ");
  const waits = queued.length === 0 ? "" : `; waits for ${queued.length} more in the lane ${lanes}`;
  return `${done} of ${objects.length} runs done${later}${waits}${settled ? "; settled" : ""}`;
}
