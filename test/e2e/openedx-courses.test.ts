import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { writeSecret } from "../../core/io/embedded/secrets.ts";
import { startOpenEdx, type OpenEdxStandIn } from "../standins/open-edx.ts";
import { e2eHome } from "./home.ts";

/** What LMS and Studio are asked for, against one engine with the real assembly. */
const [GOOD, FAILING, GONE] = ["C0001", "C0002", "C0003"].map((name) => `course-v1:Stand+${name}+2026`) as [
  string,
  string,
  string,
];
const STRUCTURE = "mitxonline/openedx/processed_data/course_structure";
const EXPORT = "mitxonline/openedx/raw_data/course_export";

const { folder, stateDir, json, until, remove } = e2eHome("courses");
let server: OpenEdxStandIn;
beforeAll(async () => {
  server = await startOpenEdx({
    store: async (key, bytes) => {
      const file = join(folder, key);
      writeFileSync(file, bytes);
      await json("land", file, "--as", "course_archive", "--deployment", "mitxonline");
    },
  });
  await writeSecret(stateDir, "openedx/mitxonline", server.secret);
});
afterAll(async () => {
  await remove();
  await server.close();
});

const ended = (run: string) =>
  until(
    () => json("run", "show", run),
    ({ status }) => status !== "running" && status !== "queued",
  );
const made = async (asset: string, partition: string, ...mode: readonly string[]) => {
  const answer = await json("rerun", asset, partition, ...mode, "--author", "ada");
  if (answer.run === undefined) throw new Error(JSON.stringify(answer));
  return ended(answer.run);
};

test("a structure becomes rows once; exports end by what Studio says or lands, and what lands is what was asked for", async () => {
  for (const asset of [STRUCTURE, EXPORT]) {
    await json("partitions", "add", asset, GOOD, FAILING, GONE, "--reason", "as discovery does", "--author", "ada");
  }
  expect(await made(STRUCTURE, GOOD)).toMatchObject({ status: "succeeded" });
  const blocks = () =>
    json(
      "query",
      "select block_index, block_title, run_id from raw.raw__mitxonline__openedx__api__course_blocks order by 1",
    );
  const first = await blocks();
  expect(first).toHaveLength(2);
  const again = await made(STRUCTURE, GOOD, "--mode", "missing-only");
  expect(again).toMatchObject({ status: "succeeded", domain: "openedx_courses", output: { outcome: "unchanged" } });
  expect(await blocks()).toEqual(first);

  const published = server.courses.get(GOOD)?.version;
  for (const [id, exports] of [
    [GOOD, { ends: "succeed", republish: true }],
    [FAILING, { ends: "fail", reason: "No root block" }],
  ] as const) {
    const course = server.courses.get(id);
    if (course !== undefined) course.exports = exports;
  }
  const gone = server.courses.get(GONE);
  if (gone !== undefined) gone.vanished = true;
  const [good, failing, vanished] = await Promise.all([GOOD, FAILING, GONE].map((id) => made(EXPORT, id)));
  expect(good).toMatchObject({ status: "succeeded" });
  expect(vanished).toMatchObject({ status: "succeeded", output: { outcome: "gone" } });
  expect(failing).toMatchObject({
    status: "failed",
    error: { code: "export_failed", message: expect.stringMatching(/No root block/) },
  });

  await until(
    () => json("query", "select course_id from raw.raw__mitxonline__openedx__xml__course_metadata"),
    (rows) => Array.isArray(rows) && rows.length === 1,
  );
  const objects = embeddedObjects(stateDir);
  try {
    const { objects: listed } = await objects.list(
      "millrace-dev-ol-landing",
      `mitxonline/openedx/raw_data/course_xml/${GOOD}/`,
    );
    const heads = await Promise.all(listed.map((ref) => objects.head(ref)));
    expect(heads.map((head) => head?.metadata["courseware_published_version"])).toEqual([published]);
  } finally {
    objects.close();
  }
  expect(server.courses.get(GOOD)?.version).not.toBe(published);
}, 400_000);
