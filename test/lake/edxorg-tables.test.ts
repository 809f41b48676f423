import { createHash } from "node:crypto";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withLease } from "../../core/io/lease.ts";
import { isFailure } from "../../core/model/failures.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { mortal } from "../standins/mortal.ts";
import { member, startEdxorg } from "./edxorg-home.ts";
import { missingExtensions } from "./temporary-lake.ts";

const A = "MITx-6.00x-1T2020";
const B = "MITx-8.01x-2T2021";
const TABLE = "auth_user";
const HEADER = "id\tusername\temail";
const LIVE = "id, username, extracted_course_key AS course, _absent_since IS NULL AS live";

let folder: ReturnType<typeof temporaryFolder>;
let home: Awaited<ReturnType<typeof startEdxorg>>;

beforeEach(async () => {
  folder = temporaryFolder();
  home = await startEdxorg(folder.path);
});
afterEach(async () => {
  await home.stop();
  folder.remove();
});

describe.skipIf(missingExtensions !== undefined)(`tables of edx.org (${missingExtensions ?? "run"})`, () => {
  test("an archive becomes rows, and the next one inserts, refreshes and marks what is absent", async () => {
    const first = await home.land("2026-01-04", [
      member(A, TABLE, [HEADER, "1\tann\ta@x", "2\tbob\t", "2\tbob\t"]),
      member(B, TABLE, [HEADER, "1\tann\ta@x"]),
    ]);
    expect(await home.load(TABLE, first)).toMatchObject({
      outcome: "loaded",
      tables: ["raw.raw__edxorg__s3__tables__auth_user"],
      counts: { objects: 2, rows: 4, inserted: 3, refreshed: 0, absent: 0, duplicates: 1, quarantined: 0 },
    });
    expect(await home.rows(TABLE, LIVE)).toEqual([
      { id: "1", username: "ann", course: A, live: true },
      { id: "1", username: "ann", course: B, live: true },
      { id: "2", username: "bob", course: A, live: true },
    ]);
    const second = await home.land("2026-01-11", [
      member(A, TABLE, [HEADER, "2\tbob\t", "3\tcy\tc@x"]),
      member(B, TABLE, [HEADER, "1\tann\ta@x"]),
    ]);
    expect(await home.load(TABLE, second)).toMatchObject({
      counts: { objects: 1, rows: 2, inserted: 1, refreshed: 1, absent: 1, duplicates: 0 },
    });
    expect(await home.rows(TABLE, LIVE)).toEqual([
      { id: "1", username: "ann", course: A, live: false },
      { id: "1", username: "ann", course: B, live: true },
      { id: "2", username: "bob", course: A, live: true },
      { id: "3", username: "cy", course: A, live: true },
    ]);
    // Nothing more to do, and what is back is live again.
    expect(await home.load(TABLE, second)).toMatchObject({ outcome: "unchanged", tables: [], commits: [] });
    const third = await home.land("2026-01-18", [
      member(A, TABLE, [HEADER, "1\tann\ta@x", "2\tbob\t", "2\tbob\t"]),
      member(B, TABLE, [HEADER, "1\tann\ta@x"]),
    ]);
    expect(await home.load(TABLE, third)).toMatchObject({
      counts: { objects: 1, rows: 3, inserted: 0, refreshed: 2, absent: 1, duplicates: 1 },
    });
    expect(await home.rows(TABLE, LIVE, `WHERE extracted_course_key = '${A}' ORDER BY ALL`)).toEqual([
      { id: "1", username: "ann", course: A, live: true },
      { id: "2", username: "bob", course: A, live: true },
      { id: "3", username: "cy", course: A, live: false },
    ]);
  });

  test("null differs from empty, as the row's hash tells", async () => {
    const archive = await home.land("2026-01-04", [member(A, TABLE, ["a\tb\tc", "1\tab\t", "1\tab", '1\t"ab\t'])]);
    expect(await home.load(TABLE, archive)).toMatchObject({ counts: { rows: 3, inserted: 3 } });
    expect(await home.rows(TABLE, "a, b, c, row_hash", "ORDER BY b DESC, c NULLS LAST")).toMatchObject([
      { a: "1", b: "ab", c: "", row_hash: "4fd43cb049b60f92a12146e394fb9391de4297bff6f8d86e0f95d8a1403247d5" },
      { a: "1", b: "ab", c: null, row_hash: "c495e698124230b3965e14524bca376104ffeedb432add51757ae9af602d216c" },
      { a: "1", b: '"ab', c: "" },
    ]);
  });

  test("every value that a line can hold comes back as it was", async () => {
    const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).filter(
      (one) => !/[\t\n]/.test(one),
    );
    const values = [
      ...controls.flatMap((one) => [one, `a${one}b`, `${one}${one}`]),
      ...[
        '"',
        '""',
        '"a"',
        'a"',
        '"a',
        '"\r"',
        "'",
        "\\",
        "\\N",
        "\\t",
        "\\n",
        "NULL",
        "null",
        "NaN",
        "#",
        "# a",
        ",",
        ";",
        "|",
      ],
      ...[
        " ",
        " a",
        "a ",
        "=1+1",
        "-0",
        "0001",
        "1e5",
        "true",
        "\u{feff}a",
        "\u2028",
        "\u0085",
        "e\u0301",
        "\u{1f393}",
        "\u{10ffff}",
      ],
      ...["[1]", '{"a": "b\\tc"}', "\r", "ends in CR\r", 'x"\r'.repeat(1_200_000)],
    ];
    const lines = values.map((value, index) => `${index}\t${value}\t${value}`);
    const archive = await home.land("2026-01-04", [member(A, TABLE, ["id\t\te m@il", ...lines])]);
    const counts = { rows: values.length, inserted: values.length, duplicates: 0, quarantined: 0 };
    expect(await home.load(TABLE, archive)).toMatchObject({ counts });
    const digest = (value: string) => createHash("sha256").update(value).digest("hex");
    const rows = await home.rows(TABLE, "sha256(column_2) AS one, sha256(e_m_il) AS other", "ORDER BY id::INT");
    expect(rows).toEqual(values.map((value) => ({ one: digest(value), other: digest(value) })));
  });

  test("two files of one course are loaded once where they are the same, and the last one counts where not", async () => {
    const again = (course: string, lines: readonly string[]) => {
      const { name, text: lined } = member(course, TABLE, lines);
      return { name: name.replace("-prod.sql", "-prod-analytics.sql"), text: lined };
    };
    const members = [
      ...[member(A, TABLE, [HEADER, "1\tann\t"]), again(A, [HEADER, "1\tann\t"])],
      ...[member(B, TABLE, [HEADER, "1\tann\t", "2\tbob\t"]), again(B, [HEADER, "2\tbob\t"])],
    ];
    const archive = await home.land("2026-01-04", members);
    expect(await home.find(TABLE, archive)).toMatchObject({ outcome: "news", objects: 3 });
    expect(await home.load(TABLE, archive)).toMatchObject({ counts: { objects: 3, quarantined: 0 } });
    const live = [
      { id: "1", username: "ann", course: A, live: true },
      { id: "1", username: "ann", course: B, live: false },
      { id: "2", username: "bob", course: B, live: true },
    ];
    expect(await home.rows(TABLE, LIVE)).toEqual(live);
    const next = await home.land("2026-01-11", members);
    expect(await home.find(TABLE, next)).toMatchObject({ outcome: "unchanged" });
    expect(await home.load(TABLE, next)).toMatchObject({ outcome: "unchanged" });
    expect(await home.rows(TABLE, LIVE)).toEqual(live);
  });

  test("columns are the union of all objects, with the common ones", async () => {
    const archive = await home.land("2026-01-04", [
      member(A, TABLE, ["id\tUserName", "1\tann"]),
      member(B, TABLE, ["id\temail", "1\ta@x"]),
    ]);
    await home.load(TABLE, archive);
    const rows = await home.rows(TABLE, "* EXCLUDE (row_hash, _loaded_at)", "ORDER BY extracted_course_key");
    const load = rows[0]?.["_load_id"];
    const common = { _load_id: load, _dlt_load_id: load, _absent_since: null };
    expect(rows).toMatchObject([
      {
        id: "1",
        user_name: "ann",
        email: null,
        extracted_course_key: A,
        extracted_source_platform: "edxorg_prod",
        ...common,
      },
      { id: "1", user_name: null, email: "a@x", extracted_course_key: B, ...common },
    ]);
    expect(rows[0]?.["_source_uri"]).toMatch(/^s3:\/\/m-landing\/edxorg\/raw_data\/db_table\/auth_user\/prod\/MITx-6/);
    expect(load).toMatch(/^\d{10}\.\d{6}$/);
  });

  /** Objects of a table with their courses. */
  const objectsOf = async () => {
    const { objects } = await home.objects.list(home.buckets.landing, `edxorg/raw_data/db_table/${TABLE}/prod/`);
    return new Map(objects.map(({ key }) => [key.split("/")[5], key]));
  };
  const states = async () => {
    const { items } = await home.ledger.query(`edxorg-table-object#${TABLE}`);
    return items.map(({ data }) => data).map((data) => data as { courseId: string; state: string; reason?: string });
  };

  test.each([
    ["a quote that is not closed", 'id\tusername\textracted_course_key\trow_hash\n1\t"x\n', /A quote is not closed/],
    ["a field too few", "id\tusername\textracted_course_key\trow_hash\n1\tx\n", /number of fields is wrong in line 2/],
    ["bytes that are no text", Buffer.from([105, 100, 10, 255, 10]), /no_key/],
    ["no header", "", /no_header/],
    [
      "the rows of another course",
      `id\textracted_course_key\trow_hash\n1\t${B}\t${"0".repeat(64)}\n`,
      /another course/,
    ],
    ["two columns of one name", "a B\ta_b\textracted_course_key\trow_hash\n", /column_collision/],
  ])("an object with %s fails alone, is named, and is loaded when it is repaired", async (_, bytes, reason) => {
    const members = [member(A, TABLE, [HEADER, "1\tann\ta@x"]), member(B, TABLE, [HEADER, "2\tbob\tb@x"])];
    const archive = await home.land("2026-01-04", members);
    const key = (await objectsOf()).get(A) ?? "";
    const good = await buffer(await home.objects.get({ bucket: home.buckets.landing, key }));
    await home.objects.put(home.buckets.landing, key, Buffer.from(bytes));
    expect(await home.load(TABLE, archive)).toMatchObject({
      counts: { objects: 2, inserted: 1, quarantined: 1 },
      checks: expect.arrayContaining([{ name: "unreadable_object", passed: false, objects: 1 }]),
    });
    expect(await states()).toMatchObject([
      { courseId: A, state: "failed", reason: expect.stringMatching(reason) },
      { courseId: B, state: "loaded" },
    ]);
    const { items } = await home.ledger.query("quarantine");
    expect(items.map(({ data }) => data)).toMatchObject([{ sourceKey: key, bucket: home.buckets.landing, key }]);
    await home.objects.put(home.buckets.landing, key, good);
    expect(await home.load(TABLE, archive)).toMatchObject({ counts: { objects: 1, inserted: 1, quarantined: 0 } });
    expect(await home.rows(TABLE, "username")).toEqual([{ username: "ann" }, { username: "bob" }]);
  });

  test("an object from before is read without quotes", async () => {
    const archive = await home.land("2026-01-04", [member(A, TABLE, [HEADER, "1\tann\ta@x", "2\tbob\tb@x"])]);
    const key = (await objectsOf()).get(A) ?? "";
    const [header = "", ...lines] = (await text(await home.objects.get({ bucket: home.buckets.landing, key }))).split(
      "\n",
    );
    const old = [header, lines[0]?.replace("ann", 'a"n\rn'), lines[1]?.replace("bob", '"bob')].join("\n");
    await home.objects.put(home.buckets.landing, key, old);
    const manifest = { bucket: home.buckets.artifacts, key: `edxorg/archives/${archive}/manifest.jsonl` };
    const rows = (await text(await home.objects.get(manifest))).replace(',"dialect":2', "");
    await home.objects.put(manifest.bucket, manifest.key, rows);
    await home.load(TABLE, archive);
    expect(await home.rows(TABLE, "username")).toEqual([{ username: '"bob' }, { username: 'a"n\rn' }]);
  });

  test.each(["legacy", "both"] as const)("row hashes are %s where the environment says so", async (rowHash) => {
    await home.stop();
    home = await startEdxorg(folder.path, rowHash);
    const archive = await home.land("2026-01-04", [member(A, TABLE, ["a\tb\tc", "1\tab\t", "1a\tb\t", "1\tab"])]);
    await home.load(TABLE, archive);
    const legacy = "1a5751be8a96e5976c3ac5cc655d299186dd9e378431e67174ba59842bbb2ab5";
    // Different rows collide, and are merged away.
    if (rowHash === "legacy") expect(await home.rows(TABLE, "row_hash")).toEqual([{ row_hash: legacy }]);
    else {
      const old = { row_hash_legacy: legacy };
      expect(await home.rows(TABLE, "c, row_hash_legacy")).toEqual([
        { c: "", ...old },
        { c: "", ...old },
        { c: null, ...old },
      ]);
    }
  });

  test("tables are rebuilt with another row hash only after they were forgotten", async () => {
    const archive = await home.land("2026-01-04", [member(A, TABLE, ["a\tb", "1\tx", "2\ty"])]);
    await home.load(TABLE, archive);
    await expect(home.unpack(archive, "legacy")).rejects.toMatchObject({ code: "row_hash_changed" });
    expect(await home.forget()).toMatchObject({ tables: 44, archives: 1 });
    const dataVersion = expect.stringMatching(/^[0-9a-f]{64}-legacy$/);
    expect(await home.unpack(archive, "legacy")).toMatchObject({
      outcome: "unpacked",
      dataVersion,
      counts: { new: 1 },
    });
    await home.stop();
    home = await startEdxorg(folder.path, "legacy");
    expect(await home.load(TABLE, archive)).toMatchObject({ counts: { objects: 1, inserted: 2, refreshed: 0 } });
    expect(await home.rows(TABLE, "row_hash", "WHERE a = '1'")).toEqual([
      { row_hash: createHash("sha256").update("1x").digest("hex") },
    ]);
    // Loads of before are still told of.
    expect((await home.ledger.query(`edxorg-table-load#${TABLE}`)).items).toHaveLength(2);
  });

  const many = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `${from + index}\tuser-${from + index}\tx`);

  test("a large object is loaded in slices, a commit for each, to the same rows", async () => {
    const first = await home.land("2026-01-04", [member(A, TABLE, [HEADER, ...many(0, 60), ...many(0, 5)])]);
    const [object] = (await home.objects.list(home.buckets.landing, `edxorg/raw_data/db_table/${TABLE}/prod/`)).objects;
    const slice = Math.ceil((object?.sizeBytes ?? 0) / 3);
    expect(await home.load(TABLE, first, slice)).toMatchObject({
      counts: { objects: 1, rows: 65, inserted: 60, refreshed: 0, absent: 0, duplicates: 5 },
    });
    const second = await home.land("2026-01-11", [member(A, TABLE, [HEADER, ...many(30, 90)])]);
    expect(await home.load(TABLE, second, slice)).toMatchObject({
      counts: { rows: 60, inserted: 30, refreshed: 30, absent: 30, duplicates: 0 },
    });
    expect(await home.rows(TABLE, "_absent_since IS NULL AS live, count(*) AS n", "GROUP BY 1 ORDER BY 1")).toEqual([
      { live: false, n: 30 },
      { live: true, n: 60 },
    ]);
    const { items } = await home.ledger.query(`edxorg-table-load#${TABLE}`);
    expect(items.map(({ data }) => (data as { snapshots: unknown[] }).snapshots.length)).toEqual([3, 3]);
  });

  test("an archive that is loaded late adds what only it had, absent", async () => {
    const first = await home.land("2026-01-04", [member(A, TABLE, [HEADER, "1\tann\t", "2\tbob\t"])]);
    const second = await home.land("2026-01-11", [member(A, TABLE, [HEADER, "2\tbob\t", "3\tcy\t"])]);
    await home.load(TABLE, second);
    const before = await home.rows(TABLE, "username, _load_id", "WHERE username = 'bob'");
    expect(await home.load(TABLE, first)).toMatchObject({ counts: { inserted: 1, refreshed: 0, absent: 0 } });
    expect(await home.rows(TABLE, "username, _absent_since IS NULL AS live")).toEqual([
      { username: "ann", live: false },
      { username: "bob", live: true },
      { username: "cy", live: true },
    ]);
    expect(await home.rows(TABLE, "username, _load_id", "WHERE username = 'bob'")).toEqual(before);
  });

  test("an older object that a newer archive has brought again stays when the archive between is loaded late", async () => {
    const lines = (name: string) => [member(A, TABLE, [HEADER, `1\t${name}\t`])];
    const first = await home.land("2026-01-04", lines("ann"));
    const second = await home.land("2026-01-11", lines("bob"));
    const third = await home.land("2026-01-18", lines("ann"));
    await home.load(TABLE, first);
    expect(await home.find(TABLE, third)).toMatchObject({ outcome: "unchanged", partition: third });
    expect(await home.find(TABLE, second)).toEqual({ outcome: "news", because: "objects", objects: 1 });
    await home.load(TABLE, second);
    expect(await home.rows(TABLE, "username, _absent_since IS NULL AS live")).toEqual([
      { username: "ann", live: true },
      { username: "bob", live: false },
    ]);
  });

  test("a worker is asked for only where there is something to load, or another may have it", async () => {
    const members = [member(A, TABLE, [HEADER, "1\tann\ta@x"]), member(B, TABLE, [HEADER, "2\tbob\tb@x"])];
    const first = await home.land("2026-01-04", members);
    expect(await home.find(TABLE, first)).toEqual({ outcome: "news", because: "objects", objects: 2 });
    expect(await states()).toMatchObject([{ state: "new" }, { state: "new" }]);
    const loaded = await home.load(TABLE, first);
    expect(await home.find("teams", first)).toMatchObject({ outcome: "unchanged", counts: { objects: 0, missing: 0 } });
    const second = await home.land("2026-01-11", members);
    // As the load says it, which has nothing to do either.
    const { dataVersion, checks } = loaded;
    expect(await home.find(TABLE, second)).toMatchObject({
      ...{ outcome: "unchanged", partition: second, dataVersion, checks, tables: [], commits: [] },
    });
    const held = { holder: "another", ttlSeconds: 60, waitSeconds: 0 };
    expect(await withLease(home.ledger, `edxorg-table/${TABLE}`, held, () => home.find(TABLE, second))).toEqual({
      ...{ outcome: "news", because: "lease_held", objects: 0 },
    });
    const third = await home.land("2026-01-18", [member(A, TABLE, [HEADER, "1\tann\tnew"])]);
    const { wrap, live } = mortal(24, true);
    const { ledger, objects, lake } = home.io;
    const ports = { ledger: wrap(ledger), objects: wrap(objects), lake: wrap(lake) };
    expect(await live(() => home.load(TABLE, third, 900, ports))).toBe("killed");
    await expect.poll(() => home.find(TABLE, second), { timeout: 5_000 }).toMatchObject({ because: "open_batch" });
  });

  test("a course that an archive has nothing of, or an empty file, keeps its rows, and is counted", async () => {
    const rows = (course: string) => member(course, TABLE, [HEADER, "1\tann\ta@x"]);
    await home.load(TABLE, await home.land("2026-01-04", [rows(A), rows(B), rows("MITx-9-2T2021")]));
    const second = await home.land("2026-01-11", [member(A, TABLE, [HEADER]), rows("MITx-9-2T2021")]);
    expect(await home.find(TABLE, second)).toMatchObject({
      outcome: "unchanged",
      counts: { missing: 1, emptied: 1 },
      checks: [
        { name: "unreadable_object", passed: true },
        { name: "missing_since", passed: false, courses: 1 },
        { name: "emptied", passed: false, courses: 1 },
      ],
    });
    expect(await home.rows(TABLE, "count(*) AS n", "WHERE _absent_since IS NULL")).toEqual([{ n: 3 }]);
    const third = await home.land("2026-01-18", [rows(A), member(B, TABLE, [HEADER, "1\tann\tb@x"])]);
    expect(await home.load(TABLE, third)).toMatchObject({
      ...{ counts: { inserted: 1, absent: 1, missing: 1, emptied: 0 }, checks: [{}, { courses: 1 }, { courses: 0 }] },
    });
  });

  test("only prod is loaded, of an archive that is whole", async () => {
    const edge = { name: `mitx/${A}-${TABLE}-edge.sql`, text: `${HEADER}\n1\tann\t\n` };
    const archive = await home.land("2026-01-04", [edge]);
    expect(await home.load(TABLE, archive)).toMatchObject({ outcome: "unchanged", counts: { objects: 0 } });
    await expect(home.load(TABLE, "mitx-2026-01-11.tar.gz")).rejects.toMatchObject({ code: "archive_incomplete" });
  });

  test.each([
    [true, 6],
    [false, 7],
  ])("killed at one call after the other, it loads every row once (last call heard: %s)", async (effect, from) => {
    const first = await home.land("2026-01-04", [
      member(A, TABLE, [HEADER, ...many(0, 20)]),
      member(B, TABLE, [HEADER, ...many(0, 9)]),
    ]);
    await home.load(TABLE, first);
    const second = await home.land("2026-01-11", [
      member(A, TABLE, [HEADER, ...many(10, 40)]),
      member(B, TABLE, [HEADER, ...many(5, 9)]),
    ]);
    let outcome: unknown = "killed";
    let rounds = 0;
    for (let at = from; outcome === "killed"; at += 2, rounds += 1) {
      expect(rounds).toBeLessThan(60);
      const { wrap, live } = mortal(at, effect);
      const { ledger, objects, lake } = home.io;
      const ports = { ledger: wrap(ledger), objects: wrap(objects), lake: wrap(lake) };
      // On a machine that is busy a short lease is lost: the state machine tries that again, too.
      outcome = await live(() => home.load(TABLE, second, 900, ports)).catch((error: unknown) => {
        if (isFailure(error) && error.name === "Transient") return "killed";
        throw error;
      });
    }
    expect(rounds).toBeGreaterThan(5);
    expect(await home.load(TABLE, second)).toMatchObject({ outcome: "unchanged" });
    const { items } = await home.ledger.query(`edxorg-table-load#${TABLE}`);
    expect(items.map(({ data }) => (data as { counts: unknown }).counts)).toMatchObject([
      { rowsRead: 29, inserted: 29 },
      { rowsRead: 34, inserted: 20, refreshed: 14, absent: 15, duplicates: 0 },
    ]);
    expect(
      await home.rows(
        TABLE,
        "extracted_course_key AS course, _absent_since IS NULL AS live, count(*) AS n, count(DISTINCT row_hash) AS hashes",
        "GROUP BY ALL ORDER BY ALL",
      ),
    ).toEqual([
      { course: A, live: false, n: 10, hashes: 10 },
      { course: A, live: true, n: 30, hashes: 30 },
      { course: B, live: false, n: 5, hashes: 5 },
      { course: B, live: true, n: 4, hashes: 4 },
    ]);
  });
});
