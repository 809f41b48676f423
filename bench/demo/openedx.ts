import { parseArgs } from "node:util";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { writeSecret } from "../../core/io/embedded/secrets.ts";
import { readDeliveries } from "../../bin/cli/verbs/deliveries.ts";
import { courseExportAsset, courseStructureAsset } from "../../lambdas/openedx/sources/course-assets.ts";
import { courseIds, startOpenEdx } from "../../test/standins/open-edx.ts";
import { withDemoHome, type DemoHome } from "./home.ts";

const DEPLOYMENT = "mitxonline";
const REASON = "No root block";
const startedAt = Date.now();
const say = (message: string): void =>
  void process.stderr.write(`${((Date.now() - startedAt) / 1_000).toFixed(0).padStart(4)} s  ${message}\n`);

/**
 * Discovery, version sweep, exports, extraction and webhooks of one installation: a course is published again while it
 * is exported, one fails in Studio, one is gone between sweep and export. True = all came out as docs/runbooks says.
 */
export async function run(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: { courses: { type: "string", default: "50" }, state: { type: "string" } },
  });
  const count = Number(values.courses);
  if (!Number.isInteger(count) || count < 3) {
    process.stderr.write("millrace: --courses is a whole number, 3 or more.\n");
    return false;
  }
  const isRight = await withDemoHome(values.state, (home) => openedx(home, count));
  if (values.state !== undefined) say(`kept: npx millrace runs --state ${values.state}`);
  return isRight;
}

async function openedx(home: DemoHome, count: number): Promise<boolean> {
  const objects = embeddedObjects(home.stateDir);
  const server = await startOpenEdx({
    deployment: DEPLOYMENT,
    courses: count,
    store: async (key, bytes) => {
      await objects.put(home.landing, `sources/course-exports-${DEPLOYMENT}/${key}`, bytes);
    },
  });
  try {
    await writeSecret(home.stateDir, `openedx/${DEPLOYMENT}`, server.secret);
    const ids = courseIds(count);
    // The last of the queue: nobody has asked for it yet when it goes.
    const [republished = "", failing = "", gone = ""] = [ids[0], ids[1], ids.at(-1)];
    const course = (id: string) => {
      const found = server.courses.get(id);
      if (found === undefined) throw new Error(`The stand-in has no course ${id}.`);
      return found;
    };
    // Most are done when they are asked about first, every fifth is not: the demo would take twice as long.
    for (const [index, id] of ids.entries()) if (index % 5 !== 4) course(id).exports = { ends: "succeed" };
    course(republished).exports = { ends: "succeed", states: ["In Progress"], republish: true };
    course(failing).exports = { ends: "fail", reason: REASON };

    const ask = async (job: string): Promise<boolean> => {
      const run = await home.ended(await home.start("openedx_discovery", { job, deployment: DEPLOYMENT }));
      say(`${job}: ${run.status}${run.error == null ? "" : ` ${run.error.message}`}`);
      return run.status === "succeeded";
    };
    if (!(await ask("discover")) || !(await ask("sweep"))) return false;
    course(gone).vanished = true;
    say(`${republished} is published again while Studio exports it, ${failing} fails there, ${gone} is gone`);
    await home.settled((open) => say(`${open} runs wait or run`));
    course(republished).exports = { ends: "succeed" };
    if (!(await ask("sweep"))) return false;
    await home.settled((open) => say(`${open} runs wait or run`));
    return await report(home, { count, republished, failing, exports: server.count("export") });
  } finally {
    objects.close();
    await server.close();
  }
}

interface Expected {
  readonly count: number;
  readonly republished: string;
  readonly failing: string;
  /** That Studio was asked for. */
  readonly exports: number;
}

async function report(home: DemoHome, { count, republished, failing, exports }: Expected): Promise<boolean> {
  const { items, recovery } = await home.kernel();
  const [asset, structures] = [courseExportAsset(DEPLOYMENT), courseStructureAsset(DEPLOYMENT)];
  const exported = await items.counts(asset);
  const read = await items.counts(structures);
  const failures = await recovery.standing(asset, Date.now());
  const item = await items.read({ asset, partition: republished });
  const archived = await numberOf(home, "xml__course_metadata", "course_id");
  const structured = await numberOf(home, "api__course_structure", "course_id");
  const deliveries = await readDeliveries(home.engine);
  const courses = new Set(deliveries.map(({ body }) => JSON.stringify(body).match(/"course_id":"([^"]+)"/)?.[1]));
  const told = deliveries.filter(({ signatureValid, deliveredAt }) => signatureValid === true && deliveredAt !== null);
  const checks: readonly (readonly [what: string, found: unknown, expected: unknown])[] = [
    ["course runs that are known", sum(exported), count],
    ["exports asked of Studio: none of the one that was gone, two of the one published meanwhile", exports, count],
    ["course runs exported, or gone without output", exported["materialised"], count - 1],
    ["course runs whose export failed", failures.sample.map(({ partition }) => partition).join(), failing],
    ["runs of the one that was published again", item?.requests, 2],
    ["structures read, or gone without output", read["materialised"], count],
    ["courses whose archive is in the raw tables", archived, count - 2],
    // Unless it was read before it went.
    ["courses whose structure is in the raw tables", structured, structured === count ? count : count - 1],
    ["courses that MIT Learn was told of, every signature valid", courses.size, count - 2],
    ["deliveries that arrived, of those that were made", told.length, deliveries.length],
  ];
  const width = Math.max(...checks.map(([what]) => what.length));
  for (const [what, found, expected] of checks) {
    const verdict = found === expected ? "" : `   EXPECTED ${String(expected)}`;
    process.stdout.write(`${what.padEnd(width)}  ${String(found)}${verdict}\n`);
  }
  process.stdout.write(`${failures.recovery}\n`);
  const wrong = checks.filter(([, found, expected]) => found !== expected).length;
  process.stdout.write(
    wrong === 0
      ? `All ${checks.length} are as docs/runbooks/openedx.md says.\n`
      : `${wrong} of ${checks.length} are not as docs/runbooks/openedx.md says.\n`,
  );
  return wrong === 0;
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, one) => total + one, 0);

async function numberOf(home: DemoHome, table: string, column: string): Promise<number> {
  const [row] = await home.rows(`SELECT count(DISTINCT ${column}) AS n FROM raw.raw__${DEPLOYMENT}__openedx__${table}`);
  return Number(row?.["n"]);
}
