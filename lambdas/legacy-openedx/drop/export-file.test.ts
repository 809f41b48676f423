import { createHash, randomUUID } from "node:crypto";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "mysql2/promise";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";
import type { Objects } from "../../../core/io/ports.ts";
import { temporaryFolder } from "../../../test/contract/temporary-folder.ts";
import { fillSubmissions, killReaders, makeEdxapp, makeReader } from "../../../test/standins/edxapp.ts";
import { mariadbMissing, startMariadb, type Mariadb } from "../../../test/standins/mariadb.ts";
import type { ConnectOptions } from "../mysql/connect.ts";
import type { Credentials } from "../mysql/credentials.ts";
import { mysqlSource } from "../mysql/mysql-source.ts";
import { dropFiles, type DropFile } from "../queries.ts";
import { exportFile, type ExportOptions } from "./export-file.ts";
import { fileRecord } from "./file-record.ts";

const [A, B, EMPTY] = ["course-v1:A+B+C", "course-v1:Ünï+Ö+1T", "course-v1:None+Of+It"];
const NO_WAITS: ConnectOptions = { waitsMs: [1, 1] };

const fileOf = (name: string): DropFile => {
  const found = dropFiles.find((file) => file.name === `${name}.csv`);
  if (found === undefined) throw new Error(name);
  return found;
};
const submissions = fileOf("studentmodule_query");

describe.skipIf(mariadbMissing !== undefined)(
  `a file of the drop${mariadbMissing ? `: ${mariadbMissing}` : ""}`,
  () => {
    let server: Mariadb;
    let root: Connection;
    let secret: Credentials;
    /** What was asked of the secret: whether it had to be fresh. */
    let reads: boolean[];
    let folder: ReturnType<typeof temporaryFolder>;
    let ledger: ReturnType<typeof embeddedLedger>;
    let objects: ReturnType<typeof embeddedObjects>;

    beforeAll(async () => {
      server = await startMariadb();
      root = await makeEdxapp(server);
      await makeReader(root, "reader", "one");
    }, 60_000);
    afterAll(async () => {
      await root?.end();
      await server?.stop();
    });
    beforeEach(() => {
      folder = temporaryFolder();
      ledger = embeddedLedger(folder.path);
      objects = embeddedObjects(folder.path);
      secret = {
        ...{ host: "localhost", port: String(server.port), database: "edxapp", ca: server.ca },
        username: "reader",
        password: "one",
      };
      reads = [];
    });
    afterEach(async () => {
      for (const table of [
        "auth_user",
        "student_courseenrollment",
        "courseware_studentmodule",
        "student_courseaccessrole",
      ])
        await root.query(`TRUNCATE ${table}`);
      for (const table of ["role", "role_users"]) await root.query(`TRUNCATE django_comment_client_${table}`);
      for (const table of ["organization", "organizationcourse"]) await root.query(`TRUNCATE organizations_${table}`);
      ledger.close();
      objects.close();
      folder.remove();
    });

    const staged = (file: DropFile) => ({ bucket: "artifacts", key: `drops/mitx/20260115/one/${file.name}` });
    const sourceOf = (options: ConnectOptions) =>
      mysqlSource(async (fresh) => {
        reads.push(fresh);
        return secret;
      }, options);
    const run = (file: DropFile, courses: readonly string[], more: Partial<ExportOptions> = {}) =>
      exportFile({
        io: { objects },
        record: fileRecord(ledger, { deployment: "mitx", date: "20260115" }, "one", file.name),
        source: sourceOf(NO_WAITS),
        file,
        courses,
        coursesSha256: courses.join(),
        staged: staged(file),
        quarantine: { bucket: "quarantine", prefix: `quarantine/legacy_openedx/${file.name}/` },
        check: async () => undefined,
        ...more,
      });
    const bytesOf = async (file: DropFile): Promise<Buffer> => buffer(await objects.get(staged(file)));
    const written = async (name: string, courses: readonly string[]): Promise<string> => {
      const file = fileOf(name);
      const done = await run(file, courses);
      const bytes = await bytesOf(file);
      expect(done).toMatchObject({ bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
      return bytes.toString();
    };
    const status = async (name: string): Promise<number> => {
      const [rows] = await root.query("SHOW GLOBAL STATUS LIKE ?", [name]);
      return Number((rows as { Value: string }[])[0]?.Value);
    };
    /** The port with something that happens before a part is put away. */
    const before = (happens: (part: number) => Promise<void>): Objects => ({
      ...objects,
      putPart: async (upload, number, body) => {
        await happens(number);
        return objects.putPart(upload, number, body);
      },
    });

    it("has the header alone when there is nothing", async () => {
      expect(await written("users_query", [A])).toBe(
        "id,username,first_name,last_name,email,is_staff,is_active,is_superuser,last_login,date_joined,course_id\r\n",
      );
      expect(await written("role_users", [A])).toBe("id,user_id,org,course_id,role\r\n");
      expect(await written("studentmodule_query", [A])).toBe(
        "id,module_type,module_id,student_id,state,grade,created,modified,max_grade,done,course_id\r\n",
      );
    });

    it("has one row for each enrolment of a user, in the order of the list, then of the id", async () => {
      await root.query(
        `INSERT INTO auth_user VALUES (1, 'ann', 'Ann', 'O"Neil, Jr', 'a@example.edu', 0, 1, 0, NULL, '2020-01-02 03:04:05'),
        (18446744073709551615, 'b😀', '', 'two\nlines', '', 1, 0, 1, '2020-01-02 03:04:05.000100', '1999-12-31 23:59:59.5')`,
      );
      await root.query(
        `INSERT INTO student_courseenrollment VALUES (9007199254740993, ?, NULL, 1, 'audit', 18446744073709551615),
        (2, ?, '2021-01-01 00:00:00', 0, 'verified', 1), (1, ?, '2021-01-01 00:00:00.000001', 1, 'honor', 1),
        (3, 'course-v1:Not+In+List', NULL, 1, 'audit', 1)`,
        [B, B, A],
      );
      const two = '18446744073709551615,b😀,,"two\nlines",,1,0,1,2020-01-02 03:04:05.000100,1999-12-31 23:59:59.500000';
      const ann = '1,ann,Ann,"O""Neil, Jr",a@example.edu,0,1,0,,2020-01-02 03:04:05';
      const [, ...users] = (await written("users_query", [B, EMPTY, A])).split("\r\n");
      expect(users).toEqual([`${ann},${B}`, `${two},${B}`, `${ann},${A}`, ""]);
      expect(await written("enrollment_query", [B, EMPTY, A])).toBe(
        [
          "id,user_id,course_id,created,is_active,mode",
          `2,1,${B},2021-01-01 00:00:00,0,verified`,
          `9007199254740993,18446744073709551615,${B},,1,audit`,
          `1,1,${A},2021-01-01 00:00:00.000001,1,honor`,
          "",
        ].join("\r\n"),
      );
    });

    it("has one forum role for each organisation of the course", async () => {
      await root.query("INSERT INTO organizations_organization VALUES (1, 'Zed'), (2, 'Alpha')");
      await root.query("INSERT INTO organizations_organizationcourse VALUES (1, ?, 1), (2, ?, 2), (3, ?, 1)", [
        A,
        A,
        B,
      ]);
      await root.query("INSERT INTO django_comment_client_role VALUES (1, 'Student', ?), (2, 'Moderator', ?)", [A, B]);
      await root.query("INSERT INTO django_comment_client_role_users VALUES (5, 1, 7), (4, 2, 8), (3, 1, 9)");
      await root.query(
        "INSERT INTO student_courseaccessrole VALUES (1, '', ?, 'staff', 7), (2, 'X', 'course-v1:a+b+c', 'instructor', 8)",
        [A],
      );
      const rows = ["3,9,Alpha", "3,9,Zed", "5,7,Alpha", "5,7,Zed"].map((row) => `${row},${A},Student`);
      expect(await written("role_users", [A, B])).toBe(
        ["id,user_id,org,course_id,role", ...rows, `4,8,Zed,${B},Moderator`, ""].join("\r\n"),
      );
      expect(await written("role_query", [A])).toBe(
        ["id,user_id,org,course_id,role", `1,7,,${A},staff`, "2,8,X,course-v1:a+b+c,instructor", ""].join("\r\n"),
      );
    });

    it("keeps states and grades exactly, and sets aside what is no UTF-8", async () => {
      await root.query(
        `INSERT INTO courseware_studentmodule VALUES
        (9223372036854775809, 'problem', 'b1', ?, '{"a": "é,\\r\\n\\\\"}', 1, 3, 'na', '2020-01-02 03:04:05', '2020-01-02 03:04:05.1', 7),
        (4, 'video', '', ?, NULL, 0.1, 1e16, '', '2020-01-02 03:04:05', '2020-01-02 03:04:05', 7),
        (5, 'html', 'b2', ?, ?, 0.00001, 0.30000000000000004, 'f', '2020-01-02 03:04:05', '2020-01-02 03:04:05', 8)`,
        [A, A, A, Buffer.from([0x61, 0xff, 0xc3])],
      );
      const [, ...rows] = (await written("studentmodule_query", [A])).split(/\r\n(?=\d|$)/);
      expect(rows).toEqual([
        `4,video,,7,,0.1,2020-01-02 03:04:05,2020-01-02 03:04:05,1e+16,,${A}`,
        `5,html,b2,8,a\ufffd\ufffd,1e-05,2020-01-02 03:04:05,2020-01-02 03:04:05,0.30000000000000004,f,${A}`,
        `9223372036854775809,problem,b1,7,"{""a"": ""é,\r\n\\""}",1.0,2020-01-02 03:04:05,2020-01-02 03:04:05.100000,3.0,na,${A}`,
        "",
      ]);
      const key = `quarantine/legacy_openedx/${submissions.name}/part-00001.ndjson`;
      expect(JSON.parse(await text(await objects.get({ bucket: "quarantine", key })))).toEqual({
        ...{ table: "courseware_studentmodule", id: "5", column: "state" },
        bytesBase64: Buffer.from([0x61, 0xff, 0xc3]).toString("base64"),
      });
      expect(await run(submissions, [A])).toMatchObject({ rows: 3, damaged: 1 });
    });

    it("has states of any size, and times that are no days", async () => {
      await root.query("SET GLOBAL max_allowed_packet = 268435456");
      const insert =
        "INSERT INTO courseware_studentmodule SELECT ?, 'problem', '', ?, REPEAT(?, ?), 1, 1, 'na', 0, 0, 7";
      const admin = await server.admin("edxapp");
      await admin.query("SET SESSION sql_mode = ''");
      // Around the 16 MB of a packet.
      const sizes = [1, 5_592_404, 5_592_405, 5_592_410, 12_000_000];
      for (const [index, size] of sizes.entries()) await admin.query(insert, [index + 1, A, '"é', size]);
      await admin.end();
      const text = await written("studentmodule_query", [A]);
      const rows = text.split("\r\n").slice(1, -1);
      const zero = "0000-00-00 00:00:00";
      expect(rows.map((row) => row.length)).toEqual(
        sizes.map((size, index) => `${index + 1},problem,,7,"",1.0,${zero},${zero},1.0,na,${A}`.length + 3 * size),
      );
      expect(rows.every((row) => row.endsWith(`é",1.0,${zero},${zero},1.0,na,${A}`))).toBe(true);
    });

    describe("of many rows", () => {
      const ROWS = 700;
      const many = { ...submissions, chunkRows: 90 };
      const options = { partBytes: 40_000 };
      let whole: Buffer;

      beforeEach(async () => {
        await fillSubmissions(root, A, ROWS, 10);
        await fillSubmissions(root, B, 180, 5_000);
        // Another folder, so that what comes after knows nothing of it.
        const apart = temporaryFolder();
        const other = { ledger: embeddedLedger(apart.path), objects: embeddedObjects(apart.path) };
        const record = fileRecord(other.ledger, { deployment: "mitx", date: "20260115" }, "one", many.name);
        await run(many, [B, EMPTY, A], { io: other, record });
        whole = await buffer(await other.objects.get(staged(many)));
        other.ledger.close();
        other.objects.close();
        apart.remove();
        reads = [];
      });

      const rowsSent = async (): Promise<number> => {
        const [rows] = await root.query("SHOW GLOBAL STATUS LIKE 'Rows_sent'");
        return Number((rows as { Value: string }[])[0]?.Value);
      };
      const expectWhole = async (done: Awaited<ReturnType<typeof run>>): Promise<void> => {
        expect((await bytesOf(many)).equals(whole)).toBe(true);
        expect(done).toMatchObject({
          ...{ rows: ROWS + 180, bytes: whole.length },
          sha256: createHash("sha256").update(whole).digest("hex"),
        });
      };

      it("is the same in one part or in many", async () => {
        const parts: number[] = [];
        await expectWhole(
          await run(many, [B, EMPTY, A], {
            ...options,
            io: { objects: before(async (part) => void parts.push(part)) },
          }),
        );
        expect(parts).toEqual(Array.from({ length: parts.length }, (_, index) => index + 1));
        expect(parts.length).toBeGreaterThan(8);
      });

      it("goes on behind its last part, whichever that is", async () => {
        const sent = [await rowsSent()];
        const put: number[] = [];
        const died = new Error("the process died");
        for (let dies = 1; dies < 100; dies += 1) {
          const io = {
            objects: before(async (part) => {
              if (put.length === dies) throw died;
              put.push(part);
            }),
          };
          const done = await run(many, [B, EMPTY, A], { ...options, io }).catch((error: unknown) => {
            expect(error).toBe(died);
            return undefined;
          });
          if (done === undefined) continue;
          sent.push(await rowsSent());
          await expectWhole(done);
          // Every part was put away once.
          expect(put).toEqual(Array.from({ length: put.length }, (_, index) => index + 1));
          return;
        }
        throw new Error("It never came to its end.");
      });

      it("reads nothing again that is in a part", async () => {
        const io = {
          objects: before(async (part) => {
            if (part === 8) throw new Error("the process died");
          }),
        };
        await expect(run(many, [B, EMPTY, A], { ...options, io })).rejects.toThrow("died");
        const parts = (await fileRecord(ledger, { deployment: "mitx", date: "20260115" }, "one", many.name).read())
          .parts;
        const kept = parts.reduce((sum, { rows }) => sum + rows, 0);
        expect(kept).toBeGreaterThan(400);
        const before1 = await rowsSent();
        await expectWhole(await run(many, [B, EMPTY, A], options));
        // Its own and the few of the session's settings.
        expect((await rowsSent()) - before1).toBeLessThan(ROWS + 180 - kept + 10);
      });

      it("goes on where it was when the database ends the connection, again and again", async () => {
        const io = { objects: before(async (part) => (part % 3 === 0 ? killReaders(root) : undefined)) };
        await expectWhole(await run(many, [B, EMPTY, A], { ...options, io }));
        expect(reads.filter((fresh) => fresh).length).toBeGreaterThan(1);
      });

      it("goes on when the connection is lost between two statements", async () => {
        const source = sourceOf(NO_WAITS);
        const open: typeof source.open = async (again) => {
          const session = await source.open(again);
          if (again) return session;
          await killReaders(root);
          // Until its end has come to be known here; before that the next statement would be told of it.
          await pause(200);
          return session;
        };
        await expectWhole(await run(many, [B, EMPTY, A], { ...options, source: { ...source, open } }));
        expect(reads).toEqual([false, true]);
      });

      it("goes on with credentials that took the place of its own", async () => {
        const io = {
          objects: before(async (part) => {
            if (part !== 4) return;
            await root.query("DROP USER 'reader'@'%'");
            const username = `reader-${randomUUID().slice(0, 8)}`;
            await makeReader(root, username, "two");
            secret = { ...secret, username, password: "two" };
            await killReaders(root);
          }),
        };
        const done = await run(many, [B, EMPTY, A], { ...options, io });
        await makeReader(root, "reader", "one");
        await expectWhole(done);
        expect(reads).toEqual([false, true]);
      });

      it("goes on when the replica ends the statement and keeps the connection (1317)", async () => {
        // Held back by the lock, the statement is under way for as long as it takes to end it.
        const locker = await server.admin();
        await locker.query("LOCK TABLES edxapp.courseware_studentmodule WRITE");
        const exporting = run(many, [B, EMPTY, A], options);
        const waiting = "SELECT id FROM information_schema.processlist WHERE state = 'Waiting for table metadata lock'";
        const waiters = async () =>
          ((await root.query(waiting)) as unknown as [{ id: number }[]])[0].map(({ id }) => id);
        await expect.poll(waiters).toHaveLength(1);
        await root.query(`KILL QUERY ${(await waiters())[0]}`);
        await expect.poll(() => reads).toContain(true);
        await locker.end();
        await expectWhole(await exporting);
        expect(reads).toEqual([false, true]);
      });

      it("waits for a table that is being changed only so long, and goes on when it is free", async () => {
        const locker = await server.admin();
        await locker.query("LOCK TABLES edxapp.courseware_studentmodule WRITE");
        // 0 = not at all, which MariaDB knows and MySQL does not.
        const locked = run(many, [B, EMPTY, A], { ...options, source: sourceOf({ ...NO_WAITS, lockWaitSeconds: 0 }) });
        await expect(locked).rejects.toMatchObject({ name: "Conflict", code: "mysql_locked" });
        expect(reads).toHaveLength(8);
        reads = [];
        const waiting = run(many, [B, EMPTY, A], { ...options, source: sourceOf({ ...NO_WAITS, lockWaitSeconds: 1 }) });
        await expect.poll(() => reads.length).toBeGreaterThan(1);
        await locker.end();
        await expectWhole(await waiting);
      });

      it("goes on with credentials of a user who may use the database, when it was taken from its own (1044)", async () => {
        await root.query("CREATE USER 'rotated'@'%' IDENTIFIED BY 'two' REQUIRE SSL");
        await root.query("GRANT SELECT ON edxapp.* TO 'rotated'@'%'");
        const io = {
          objects: before(async (part) => {
            if (part !== 4) return;
            await root.query("REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'reader'@'%'");
            await killReaders(root);
          }),
        };
        const source = mysqlSource(async (fresh) => {
          reads.push(fresh);
          // As a secret that is changed a moment after the grant.
          return reads.length > 2 ? { ...secret, username: "rotated", password: "two" } : secret;
        }, NO_WAITS);
        const done = await run(many, [B, EMPTY, A], { ...options, io, source });
        await root.query("DROP USER 'rotated'@'%'");
        await root.query("GRANT SELECT ON edxapp.* TO 'reader'@'%'");
        await expectWhole(done);
        expect(reads).toEqual([false, true, true]);
      });

      it("says at once that a table was taken from its user, and goes on when it is given back (1142)", async () => {
        const grant = "SELECT ON edxapp.courseware_studentmodule";
        await root.query("CREATE USER 'granted'@'%' IDENTIFIED BY 'two' REQUIRE SSL");
        await root.query(`GRANT ${grant} TO 'granted'@'%'`);
        secret = { ...secret, username: "granted", password: "two" };
        const io = {
          objects: before(async (part) => {
            if (part === 3) await root.query(`REVOKE ${grant} FROM 'granted'@'%'`);
          }),
        };
        const refused = run(many, [B, EMPTY, A], { ...options, io });
        await expect(refused).rejects.toMatchObject({ name: "Misconfigured", code: "mysql_denied" });
        expect(reads).toEqual([false]);
        await root.query(`GRANT ${grant} TO 'granted'@'%'`);
        await expectWhole(await run(many, [B, EMPTY, A], options));
        await root.query("DROP USER 'granted'@'%'");
      });

      it("gives up when new credentials and another connection bring nothing", async () => {
        const killing = new AbortController();
        const killer = (async () => {
          while (!killing.signal.aborted) await killReaders(root);
        })();
        const given = await run(many, [B, EMPTY, A], options).catch((error: unknown) => error);
        killing.abort();
        await killer;
        expect(given).toMatchObject({ name: "Transient", code: "mysql_connection_lost" });
      });

      it("begins anew when it is read otherwise, or when its upload is gone", async () => {
        const dies = { objects: before(async (part) => (part === 3 ? Promise.reject(new Error("died")) : undefined)) };
        await expect(run(many, [A, B], { ...options, io: dies })).rejects.toThrow("died");
        await expect(run(many, [B, EMPTY, A], { ...options, io: dies })).rejects.toThrow("died");
        const record = fileRecord(ledger, { deployment: "mitx", date: "20260115" }, "one", many.name);
        const { begun, parts } = await record.read();
        expect(parts).toHaveLength(2);
        await objects.completeUpload(
          begun!.upload,
          parts.map(({ part }) => part),
        );
        await expect(run(many, [B, EMPTY, A], options)).rejects.toMatchObject({
          name: "Transient",
          code: "upload_restarted",
        });
        await expectWhole(await run(many, [B, EMPTY, A], options));
      });
    });

    describe("whose database does not let it in", () => {
      it("asks three times with the same credentials and once with new ones", async () => {
        secret = { ...secret, password: "wrong" };
        const denied = await status("Access_denied_errors");
        await expect(run(submissions, [A])).rejects.toMatchObject({ name: "Misconfigured", code: "mysql_denied" });
        expect(reads).toEqual([false, true]);
        expect((await status("Access_denied_errors")) - denied).toBe(4);
      });

      it("waits for a user who reaches the replica late", async () => {
        secret = { ...secret, username: "late", password: "late" };
        const exporting = run(submissions, [A], { source: sourceOf({ waitsMs: [1_500, 1_500] }) });
        await makeReader(root, "late", "late");
        expect((await exporting).rows).toBe(0);
        expect(reads).toEqual([false]);
      });

      it("takes no certificate but one of its authority, for its name", async () => {
        const tls = { name: "Misconfigured", code: "mysql_tls" };
        secret = { ...secret, host: "127.0.0.2" };
        await expect(run(submissions, [A])).rejects.toMatchObject({
          code: expect.stringMatching(/mysql_(tls|unreachable)/),
        });
        const other = await startMariadb();
        secret = { ...secret, host: "localhost", ca: other.ca };
        await other.stop();
        await expect(run(submissions, [A])).rejects.toMatchObject(tls);
      }, 60_000);

      it("says what it may not read, and shows no password", async () => {
        await root.query("CREATE USER 'poor'@'%' IDENTIFIED BY 's3cr3t' REQUIRE SSL");
        await root.query("GRANT SELECT ON edxapp.auth_user TO 'poor'@'%'");
        secret = { ...secret, username: "poor", password: "s3cr3t" };
        const error = await run(submissions, [A]).catch((caught: unknown) => caught);
        expect(error).toMatchObject({
          name: "Misconfigured",
          message: expect.stringContaining("courseware_studentmodule"),
        });
        expect(JSON.stringify(error) + String(error)).not.toContain("s3cr3t");
      });
    });
  },
);
