import { serialize } from "bson";
import { createHash } from "node:crypto";
import { json, text } from "node:stream/consumers";
import type { Connection } from "mysql2/promise";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import type { TaskContext } from "../../core/task.ts";
import { temporaryFolder } from "../../test/contract/temporary-folder.ts";
import { fillSubmissions, makeEdxapp, makeReader } from "../../test/standins/edxapp.ts";
import { mariadbMissing, startMariadb, type Mariadb } from "../../test/standins/mariadb.ts";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { startMongo } from "../../test/standins/mongo.ts";
import { startOpenEdx } from "../../test/standins/open-edx.ts";
import { exportTable } from "./export-table.ts";
import { planDrop } from "./plan-drop.ts";
import { publishDrop } from "./publish-drop.ts";

const [A, B] = ["course-v1:A+B+C", "course-v1:D+E+F"];
const TIME = "2026-01-15T00:00:00Z";
const buckets = { landing: "landing", lake: "lake", quarantine: "quarantine", artifacts: "artifacts", drops: "drops" };

describe.skipIf(mariadbMissing !== undefined)(`a research drop${mariadbMissing ? `: ${mariadbMissing}` : ""}`, () => {
  let server: Mariadb;
  let root: Connection;
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: ReturnType<typeof embeddedLedger>;
  let objects: ReturnType<typeof embeddedObjects>;
  let runs = 0;
  let mongo: Awaited<ReturnType<typeof startMongo>>;
  let executions: MemoryExecutions;
  let openEdx: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    server = await startMariadb();
    const documents = [Buffer.from(serialize({ _id: "1", body: "Hello" }))];
    const contents = { uuid: Buffer.alloc(16), documents, indexes: [] };
    mongo = await startMongo({ name: "reader", password: "two" }, new Map([["contents", contents]]));
    root = await makeEdxapp(server);
    await makeReader(root, "reader", "one");
    await root.query("INSERT INTO auth_user VALUES (1, 'ann', '', '', '', 0, 1, 0, NULL, '2020-01-02')");
    await root.query("INSERT INTO student_courseaccessrole VALUES (1, '', ?, 'staff', 1)", [A]);
  }, 60_000);
  afterAll(async () => {
    await root?.end();
    await mongo?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    folder = temporaryFolder();
    executions = new MemoryExecutions();
    ledger = embeddedLedger(folder.path);
    objects = embeddedObjects(folder.path);
    await root.query("TRUNCATE student_courseenrollment");
    await root.query("TRUNCATE courseware_studentmodule");
    await root.query("INSERT INTO student_courseenrollment SELECT seq, ?, NULL, 1, 'audit', 1 FROM seq_1_to_10", [A]);
    await fillSubmissions(root, B, 20);
  });
  afterEach(() => {
    ledger.close();
    objects.close();
    folder.remove();
  });

  const secretOf = (role: string): Readonly<Record<string, string>> => {
    if (role.startsWith("openedx/")) return openEdx;
    if (role.startsWith("mongo-forum/")) return { uri: mongo.uri, username: "reader", password: "two" };
    return { host: "localhost", port: String(server.port), ca: server.ca, username: "reader", password: "one" };
  };
  const context = (): TaskContext =>
    ({
      io: {
        ...{ ledger, objects, executions },
        secrets: {
          read: async (role: string) => secretOf(role),
        },
      },
      settings: { environment: "dev", buckets },
      run: { id: `run-${(runs += 1)}`, state: "Step", attempt: 0, startedAt: TIME },
      log: { info: () => undefined },
    }) as unknown as TaskContext;
  const plan = (more: Partial<Parameters<typeof planDrop>[0]> = {}) =>
    planDrop({ deployment: "mitx", scheduledTime: TIME, courses: [A, B, A], ...more }, context());
  const exportAll = async (planned: Awaited<ReturnType<typeof plan>>): Promise<void> => {
    for (const file of planned.files) await exportTable({ ...planned, file }, context());
  };
  const publish = (planned: Awaited<ReturnType<typeof plan>>, acceptCounts = false) =>
    publishDrop({ ...planned, acceptCounts }, context());
  const land = (course: string, bytes: string) => {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return objects.put("landing", `mitx/openedx/raw_data/course_xml/${course}/${sha256}.xml.tar.gz`, bytes);
  };
  const delivered = async (): Promise<string[]> => (await objects.list("drops", "")).objects.map(({ key }) => key);
  const read = async (name: string) => objects.get({ bucket: "drops", key: `irx-drop-mitx/20260115/${name}` });

  it("is delivered whole, its mark of success last", async () => {
    await land(A, "old");
    await land(A, "new");
    await land(B, "b");
    const planned = await plan();
    expect(planned).toMatchObject({ deployment: "mitx", date: "20260115" });
    await exportAll(planned);
    expect(await delivered()).toEqual([]);
    expect(await publish(planned)).toMatchObject({ partition: "20260115", complete: true, failed: [] });

    const names = ["course_ids", "enrollment_query", "role_query", "role_users", "studentmodule_query", "users_query"];
    expect(await delivered()).toEqual(
      [
        ...[
          "_MANIFEST.json",
          "_SUCCESS",
          `courses/${A}.tar.gz`,
          `courses/${B}.tar.gz`,
          ...["forum/contents.bson", "forum/contents.metadata.json"],
          ...names.map((name) => `${name}.csv`),
        ],
      ]
        .map((name) => `irx-drop-mitx/20260115/${name}`)
        .toSorted(),
    );
    expect(await text(await read("course_ids.csv"))).toBe(`course_id\r\n${A}\r\n${B}\r\n`);
    expect(await text(await read(`courses/${A}.tar.gz`))).toBe("new");
    const manifest = (await json(await read("_MANIFEST.json"))) as {
      files: { name: string; rows: number; bytes: number; sha256: string; query_sha256: string }[];
    };
    expect(manifest).toMatchObject({ deployment: "mitx", date: "20260115", courses: 2, complete: true });
    for (const { name, rows, bytes, sha256, query_sha256 } of manifest.files) {
      const body = await text(await read(name));
      expect([bytes, sha256]).toEqual([Buffer.byteLength(body), createHash("sha256").update(body).digest("hex")]);
      expect(query_sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(rows, name).toBe(
        { "course_ids.csv": 2, "role_users.csv": 0, "role_query.csv": 1, "studentmodule_query.csv": 20 }[name] ?? 10,
      );
    }
  });

  it("shows nothing of itself when one file is not there", async () => {
    const planned = await plan();
    for (const file of planned.files.slice(1)) await exportTable({ ...planned, file }, context());
    await expect(publish(planned)).rejects.toMatchObject({ name: "Malformed", code: "drop_implausible" });
    expect(await delivered()).toEqual([]);
  });

  it.each([
    ["student_courseenrollment", "enrolments"],
    ["courseware_studentmodule", "submissions"],
  ])("is not delivered without any rows of %s", async (table, what) => {
    await root.query(`TRUNCATE ${table}`);
    const planned = await plan();
    await exportAll(planned);
    await expect(publish(planned)).rejects.toMatchObject({ message: expect.stringContaining(`no ${what} at all`) });
    expect(await delivered()).toEqual([]);
  });

  it("is not delivered with a fifth fewer rows than before, unless somebody has looked", async () => {
    await land(A, "a");
    await land(B, "b");
    const first = await plan();
    await exportAll(first);
    await publish(first);
    const success = await objects.head({ bucket: "drops", key: "irx-drop-mitx/20260115/_SUCCESS" });
    await root.query("DELETE FROM student_courseenrollment WHERE id > 7");

    const again = await plan();
    expect(again.dropId).not.toBe(first.dropId);
    await exportAll(again);
    await expect(publish(again)).rejects.toMatchObject({
      code: "drop_implausible",
      message: expect.stringContaining("7 enrolments in enrollment_query.csv, 10 in the drop of 20260115"),
    });
    expect(await objects.head({ bucket: "drops", key: "irx-drop-mitx/20260115/_SUCCESS" })).toEqual(success);

    const looked = await plan();
    expect(looked.dropId).not.toBe(again.dropId);
    await exportAll(looked);
    await publish(looked, true);
    expect((await text(await read("enrollment_query.csv"))).split("\r\n")).toHaveLength(9);
  });

  it("is not delivered when all rows of a file are gone that had some", async () => {
    await root.query("INSERT INTO django_comment_client_role VALUES (9, 'Moderator', ?)", [A]);
    await root.query("INSERT INTO django_comment_client_role_users VALUES (9, 9, 1)");
    await root.query("INSERT INTO organizations_organization VALUES (9, 'MITx')");
    await root.query("INSERT INTO organizations_organizationcourse VALUES (9, ?, 9)", [A]);
    await land(A, "a");
    await land(B, "b");
    const first = await plan();
    await exportAll(first);
    await publish(first);
    for (const table of ["role_users", "role"]) await root.query(`DELETE FROM django_comment_client_${table}`);
    const again = await plan();
    await exportAll(again);
    await expect(publish(again)).rejects.toMatchObject({
      code: "drop_implausible",
      message: expect.stringContaining("0 forum roles in role_users.csv, 1 in the drop of 20260115"),
    });
  });

  it("tells that its forum has not changed for three days, once for each day that follows", async () => {
    for (const course of [A, B]) await land(course, "a");
    const days = ["2026-01-15", "2026-01-16", "2026-01-17", "2026-01-18", "2026-01-18", "2026-01-16"];
    for (const date of days) {
      const planned = await plan({ date });
      await exportAll(planned);
      await publish(planned);
    }
    expect(executions.all).toMatchObject([
      { domain: "operations", input: { job: "alert", event: { checks: [{ check: "forum_unchanged" }] } } },
    ]);
    const told = JSON.stringify(executions.all);
    expect(told).toContain('["days",3]');
    const key = "irx-drop-mitx/20260118/_MANIFEST.json";
    expect(await json(await objects.get({ bucket: "drops", key }))).toMatchObject({
      forum: { backend: "mongo", same_since: "20260115", files: [{ name: "forum/contents.bson", documents: 1 }, {}] },
    });
  });

  it("goes on with what a failed run has begun, but not for other courses", async () => {
    const first = await plan();
    await exportTable({ ...first, file: "role_query.csv" }, context());
    const second = await plan();
    expect(second.dropId).toBe(first.dropId);
    // The file that was made is not made again.
    await root.query("UPDATE student_courseaccessrole SET role = 'other'");
    expect(await exportTable({ ...second, file: "role_query.csv" }, context())).toMatchObject({ rows: 1 });
    await root.query("UPDATE student_courseaccessrole SET role = 'staff'");
    expect((await plan({ courses: [B, A] })).dropId).not.toBe(first.dropId);
    await expect(exportTable({ ...first, file: "role_query.csv" }, context())).rejects.toMatchObject({
      code: "drop_replaced",
    });
  });

  it("is delivered without course archives, and then fails", async () => {
    await land(A, "a");
    const planned = await plan();
    await exportAll(planned);
    await expect(publish(planned)).rejects.toMatchObject({ name: "Rejected", code: "tarballs_missing" });
    expect(await json(await read("_MANIFEST.json"))).toMatchObject({
      complete: false,
      tarballs: [
        { course: A, status: "ok", bytes: 1 },
        { course: B, status: "failed" },
      ],
    });
    expect(await delivered()).toContain("irx-drop-mitx/20260115/_SUCCESS");
  });

  it("is about the courses that the LMS lists, in its order, and about none without", async () => {
    const asked = { deployment: "xpro", date: "2026-01-16" };
    const lms = await startOpenEdx({ deployment: "xpro", courses: [B, A], pageSize: 1 });
    openEdx = lms.secret;
    try {
      const planned = await planDrop(asked, context());
      expect(planned.date).toBe("20260116");
      const key = `drops/xpro/20260116/${planned.dropId}/courses.json`;
      expect(await json(await objects.get({ bucket: "artifacts", key }))).toEqual([B, A]);
      for (const course of lms.courses.values()) course.unlisted = true;
      await expect(planDrop(asked, context())).rejects.toMatchObject({ code: "course_list_empty" });
    } finally {
      await lms.close();
    }
    await expect(plan({ date: "2026-02-30" })).rejects.toMatchObject({ name: "Misconfigured", code: "date_invalid" });
    await expect(plan({ deployment: "edxorg" })).rejects.toMatchObject({ code: "unknown_deployment" });
    await expect(plan({ courses: ["a//b"] })).rejects.toMatchObject({ code: "course_id_invalid" });
  });
});
