import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startOpenEdx } from "../test/standins/open-edx.ts";
import { createRandom } from "./chaos/random.ts";
import { describeMachine, round, type BenchResult } from "./machine.ts";
import { accountOf } from "./sweep/account.ts";
import { DEPLOYMENT, openSweepHome } from "./sweep/home.ts";
import { outlinesOf, ratesOf } from "./sweep/requests.ts";

const RETRY_AFTER_SECONDS = 5;
/** The machine's Retry. */
const MOST_KILLS = 3;
/** 200 visits between two savings, 16 under way, and what is visited while a saving is under way. */
const LOST_BY_A_KILL = 300;

/**
 * The version sweep of one installation on the embedded home, by its own machine, task and trigger rule, against an LMS
 * that answers after `--latency` ms and refuses more than `--rate` calls in any second. The first pass is killed
 * `--kills` times at places that `--seed` chooses, in turn the process of the task and the whole engine with it, and is
 * asked once to wait; the second finds nothing new. Fails unless both came to every course run, each course run has one
 * request of each asset, and the LMS was never asked more than it allows or twice without a kill.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      courses: { type: "string", default: "3500" },
      rate: { type: "string", default: "53" },
      latency: { type: "string", default: "200" },
      kills: { type: "string", default: "2" },
      seed: { type: "string", default: "7" },
    },
  });
  const [courses, rate, kills] = [Number(values.courses), Number(values.rate), Number(values.kills)];
  if (kills > MOST_KILLS) throw new Error(`A run has ${MOST_KILLS + 1} attempts: --kills is ${MOST_KILLS} at most.`);
  const random = createRandom(Number(values.seed));
  const stateDir = mkdtempSync(join(tmpdir(), "millrace-sweep-"));
  const allowed = { perSecond: rate, retryAfterSeconds: RETRY_AFTER_SECONDS };
  const server = await startOpenEdx({ deployment: DEPLOYMENT, courses, allowed });
  const home = await openSweepHome(stateDir, server);
  try {
    // Exports take as long as Studio likes: what is granted keeps its slot, and the rest waits to be counted.
    for (const course of server.courses.values()) course.exports = { ends: "hang" };
    await home.run("discover");
    const ids = [...server.courses.keys()];
    const throttled = ids[random.between(Math.floor(courses * 0.4), Math.floor(courses * 0.6))] ?? "";
    const after = String(RETRY_AFTER_SECONDS);
    server.fault({ call: "outline", course: throttled, status: 429, headers: { "retry-after": after } });
    server.fault({ call: "outline", delayMs: Number(values.latency), times: Infinity });

    const first = await home.run("sweep", killing(home, server, { courses, kills, random }));
    const [seen, status] = [server.seen.length, server.count("status")];
    const quiet = await home.run("sweep");
    const passes = [outlinesOf(server.seen.slice(0, seen)), outlinesOf(server.seen.slice(seen))] as const;
    const rates = ratesOf(server.seen, RETRY_AFTER_SECONDS);
    const account = await accountOf(stateDir, server.courses);
    const [held, begun] = [await home.slotsHeld(), server.count("export")];
    const skipped = passes.map(({ read }) => ids.filter((id) => !read.has(id)).length);
    // A run that exports asks for the version, too.
    const repeated = passes[0].answered - status - courses;
    const wrong = [
      ...(skipped.some((count) => count > 0) ? [`course runs skipped: ${skipped.join(" and ")}`] : []),
      ...(first.kills === kills ? [] : [`killed ${first.kills} times, not ${kills}`]),
      ...(repeated > kills * LOST_BY_A_KILL ? [`${repeated} requests were repeated`] : []),
      ...(rates.most > rate ? [`${rates.most} calls within a second, ${rate} are allowed`] : []),
      ...(rates.early > 0 ? [`${rates.early} calls while the LMS had asked to wait`] : []),
      ...(passes[1].answered - (server.count("status") - status) === courses ? [] : ["a pass that asks twice"]),
      ...(held === begun ? [] : [`${held} runs have a slot, Studio was asked for ${begun} exports`]),
      ...account.wrong,
    ];
    for (const line of wrong) process.stderr.write(`WRONG: ${line}\n`);
    if (wrong.length > 0) process.exitCode = 1;
    return {
      bench: "sweep",
      machine: describeMachine(),
      figures: {
        ...{ courses, allowed_per_s: rate, latency_ms: Number(values.latency), kills: first.kills },
        courses_skipped: Math.max(...skipped),
        killed_pass_s: round(first.seconds),
        killed_pass_requests: passes[0].answered - status,
        killed_pass_repeated: repeated,
        quiet_pass_s: round(quiet.seconds),
        quiet_pass_requests: courses,
        most_in_a_second: rates.most,
        refused_429: rates.refused,
        asked_while_told_to_wait: rates.early,
        requests_of_runs: account.requests,
        exports_begun: begun,
        peak_rss_mb: round(Math.max(first.peakRssMb, quiet.peakRssMb)),
      },
      ratios: {},
    };
  } finally {
    await home.close();
    await server.close();
    rmSync(stateDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Each kill in a share of the pass of its own, so that no two are at the same place. */
function killing(
  home: Awaited<ReturnType<typeof openSweepHome>>,
  server: Awaited<ReturnType<typeof startOpenEdx>>,
  {
    courses,
    kills,
    random,
  }: { readonly courses: number; readonly kills: number; readonly random: ReturnType<typeof createRandom> },
): () => Promise<boolean> {
  const share = courses / Math.max(1, kills);
  const places = Array.from({ length: kills }, (_, at) =>
    Math.floor(share * at + random.between(Math.floor(share * 0.15), Math.floor(share * 0.85))),
  );
  let done = 0;
  return async () => {
    const place = places[done];
    if (place === undefined || outlinesOf(server.seen).read.size < place) return false;
    const kind = done % 2 === 0 ? "task" : "engine";
    if (!(await home.kill(kind))) return false;
    done += 1;
    process.stderr.write(`the ${kind} is killed after ${place} course runs\n`);
    return true;
  };
}
