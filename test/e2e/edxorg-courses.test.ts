import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeSecret } from "../../core/io/embedded/secrets.ts";
import { startLearnReceiver, type LearnReceiver } from "../standins/learn-receiver.ts";
import { courseFiles, makeTarGz, type TarMember } from "../standins/make-tar.ts";
import { e2eHome } from "./home.ts";

/** What the archives hold of courses, from their landing to the raw tables and MIT Learn, on one engine with the real assembly. */
const COURSE = "O-C-R";
const WEEKS = ["mitx-2026-01-04.tar.gz", "mitx-2026-01-11.tar.gz"] as const;

const { folder, stateDir, json, until, remove } = e2eHome("edxorg-courses");
let receiver: LearnReceiver;
beforeAll(async () => {
  receiver = await startLearnReceiver("s3cret");
  await writeSecret(stateDir, "learn/webhook", { url: receiver.url, token: "s3cret" });
});
afterAll(async () => {
  await remove();
  await receiver.close();
});

const exportOf = (title: string) => makeTarGz(courseFiles({ "course/R.xml": `<course display_name="${title}"/>` }));

async function land(week: string, members: readonly TarMember[]): Promise<void> {
  const file = join(folder, week);
  writeFileSync(file, await makeTarGz(members));
  await json("land", file, "--as", "archive", "--deployment", "edxorg");
}

const rowsOf = (columns: string, table: string) => async () => {
  const rows = await json("query", `select ${columns} from raw.raw__edxorg__s3__${table} order by all`);
  return Array.isArray(rows) ? rows : [];
};

test("an export of an archive becomes rows of its source, and MIT Learn is told of what is new", async () => {
  await json("up", "--detach");
  const [prod, edge] = [await exportOf("Prod"), await exportOf("Edge")];
  const members = (course: Buffer) => [
    { name: `mitx/${COURSE}-prod.xml.tar.gz`, text: course },
    { name: `mitx/${COURSE}-course-edge.xml.tar.gz`, text: edge },
    { name: `mitx/${COURSE}-course_structure-prod.json`, text: '{"c": {"category": "course", "children": []}}' },
    { name: `mitx/${COURSE}.mongo`, text: "bson" },
  ];
  await land(WEEKS[0], members(prod));
  const metadata = rowsOf("source_system, edxorg_course_id, course_id, title", "xml__course_metadata");
  const row = (source: string, title: string) => ({
    ...{ source_system: source, edxorg_course_id: COURSE, course_id: "course-v1:O+C+R", title },
  });
  await until(metadata, (rows) => rows.length === 2);
  expect(await metadata()).toEqual([row("edge", "Edge"), row("prod", "Prod")]);
  await until(
    async () => receiver.received,
    (calls) => calls.length === 2,
  );

  const paths = receiver.received.map(({ body }) => JSON.parse(body));
  expect(paths.map(({ source, course_id, course_readable_id }) => [source, course_id, course_readable_id])).toEqual([
    ["mit_edx", COURSE, COURSE],
    ["mit_edx", COURSE, COURSE],
  ]);
  expect(new Set(paths.map(({ content_path }) => content_path.replace(/[0-9a-f]{64}/, "<sha>")))).toEqual(
    new Set(["prod", "edge"].map((source) => `/edxorg/raw_data/course_xml/${source}/${COURSE}/<sha>.xml.tar.gz`)),
  );
  expect(receiver.received.map(({ status }) => status)).toEqual([200, 200]);

  expect(
    await until(rowsOf("course_id, source_system, block_id, block_index", "course_blocks"), ({ length }) => length > 0),
  ).toEqual([{ course_id: COURSE, source_system: "prod", block_id: "c", block_index: 1 }]);

  // A week later only one of them is another.
  await land(WEEKS[1], members(await exportOf("Prod again")));
  await until(metadata, (rows) => rows.some(({ title }) => title === "Prod again"));
  expect(await metadata()).toEqual([row("edge", "Edge"), row("prod", "Prod again")]);
  await until(
    async () => receiver.received,
    (calls) => calls.length === 3,
  );
  await until(
    () => json("partitions", "edxorg/processed_data/course_xml"),
    ({ items }) => items.every(({ status }: { status: string }) => status === "materialised"),
  );
  for (const category of ["course_xml", "forum_mongo"]) {
    const { items } = await json("partitions", `edxorg/raw_data/${category}`);
    expect(items.map(({ status }: { status: string }) => status)).toContain("materialised");
  }
  expect(receiver.received).toHaveLength(3);
}, 400_000);
