import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";
import { exportQuarantine, listQuarantine } from "../../../core/io/quarantine.ts";
import type { Ledger, Objects } from "../../../core/io/ports.ts";
import { memoryLedger } from "../../../test/standins/memory-ledger.ts";
import { courseFiles, makeTar, makeTarGz, type TarMember } from "../../../test/standins/make-tar.ts";
import { mortal } from "../../../test/standins/mortal.ts";
import { EDXORG_LIMITS, type EdxorgLimits } from "./limits.ts";
import { unpackArchive } from "./unpack.ts";

const buckets = {
  landing: "m-landing",
  lake: "m-lake",
  quarantine: "m-quarantine",
  artifacts: "m-artifacts",
  drops: "m-drops",
};
const WEEK = "mitx-2026-01-04.tar.gz";
const NEXT = "mitx-2026-01-11.tar.gz";

let root: string;
let ledger: ReturnType<typeof embeddedLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let folders = 0;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-unpack-"));
  ledger = embeddedLedger(root);
  objects = embeddedObjects(root);
  return () => {
    ledger.close();
    objects.close();
    rmSync(root, { recursive: true });
  };
});

const keyOf = (archive: string) => `sources/edxorg-archives/${archive}`;

async function unpackLanded(
  archive = WEEK,
  limits: Partial<EdxorgLimits> = {},
  io: { objects: Objects; ledger: Ledger } = { objects, ledger },
) {
  folders += 1;
  const folder = join(root, `work-${folders}`);
  mkdirSync(folder);
  const object = await objects.head({ bucket: buckets.landing, key: keyOf(archive) });
  if (object === undefined) throw new Error("Nothing has landed.");
  const given = { buckets, object, archive, folder, rowHash: "safe" as const, runId: "run" };
  const record = await unpackArchive({ io, ...given, limits: { ...EDXORG_LIMITS, ...limits } });
  expect(readdirSync(folder)).toEqual([]);
  return record;
}

const land = (bytes: Buffer, archive = WEEK) => objects.put(buckets.landing, keyOf(archive), bytes);

async function unpack(members: readonly TarMember[], archive = WEEK, limits: Partial<EdxorgLimits> = {}) {
  await land(await makeTarGz(members), archive);
  return unpackLanded(archive, limits);
}

async function manifest(archive = WEEK) {
  const all = await text(
    await objects.get({ bucket: buckets.artifacts, key: `edxorg/archives/${archive}/manifest.jsonl` }),
  );
  const lines = all
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { rows: lines.slice(0, -1), footer: lines.at(-1) };
}

const statuses = async (archive = WEEK) =>
  Object.fromEntries(
    (await manifest(archive)).rows.map(({ member, status, reason }) => [
      member,
      reason === undefined ? status : `${status} ${reason}`,
    ]),
  );
const landed = async () => (await objects.list(buckets.landing, "edxorg/")).objects.map(({ key }) => key);
const sha = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");
const refusal = (code: string) => ({ name: "Malformed", code });

const USERS = "id\tname\n1\tAda\n2\tGrace\n";
const WEEKLY: readonly TarMember[] = [
  { name: "mitx/", type: "directory" },
  { name: "mitx/MITx-6.00x-1T2020-auth_user-prod-analytics.sql", text: USERS },
  { name: "mitx/MITx-6.00x-1T2020-auth_user-edge-analytics.sql", text: "id\tname\n" },
  { name: "mitx/MITx-6.00x-1T2020-brand_new-prod.sql", text: "id\n1\n" },
  { name: "mitx/MITx-6.00x-1T2020-course-prod.json", text: "{}" },
  { name: "mitx/MITx-6.00x-1T2020-course_structure-prod.json", text: '{"x": 1}' },
  { name: "mitx/MITx-6.00x-1T2020.mongo", text: "bson" },
  { name: "mitx/README.md", text: "hello" },
  { name: "mitx/MITx-8.01x-1T2020-auth_user-prod.sql", text: "" },
];

describe("an archive", () => {
  it("becomes an object for each member, and a manifest that tells of all", async () => {
    const record = await unpack(WEEKLY);
    expect(record).toMatchObject({ complete: true, members: 8, missing: 0 });
    expect(record.counts).toEqual({ empty: 2, new: 4, unknown_table: 1, unmatched: 1 });
    const { rows, footer } = await manifest();
    expect(footer).toEqual({
      ...{ footer: true, archive: WEEK, archive_version: record.version, complete: true, members: 8 },
      ...{ counts: record.counts, refused: {}, compared_with: null, missing: [] },
    });
    expect(rows.map(({ member }) => member)).toEqual(WEEKLY.slice(1).map(({ name }) => name));
    const object = await objects.get({ bucket: buckets.landing, key: rows[0].object_key });
    const table = await buffer(object);
    expect(table.toString().split("\n")[1]?.split("\t").slice(0, -1)).toEqual([
      "1",
      "Ada",
      "MITx-6.00x-1T2020",
      "MITx",
      "6.00x",
      "1T2020",
      "edxorg_prod",
    ]);
    expect(rows[0]).toEqual({
      ...{ member: WEEKLY[1]?.name, size: USERS.length, status: "new", category: "db_table", table: "auth_user" },
      ...{ course_id: "MITx-6.00x-1T2020", source: "prod", sha256: sha(table), rows: 2, quarantined: 0, short_rows: 0 },
      ...{ member_sha256: sha(USERS), dialect: 2 },
      object_key: `edxorg/raw_data/db_table/auth_user/prod/MITx-6.00x-1T2020/${sha(table)}.tsv`,
    });
    expect(rows[5].object_key).toBe(`edxorg/raw_data/forum_mongo/prod/MITx-6.00x-1T2020/${sha("bson")}.mongo`);
    const keys: string[] = rows.flatMap(({ object_key }: { object_key: string | null }) =>
      object_key === null ? [] : [object_key],
    );
    expect(await landed()).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)));
    const head = await objects.head({ bucket: buckets.landing, key: keys[0] ?? "" });
    expect(head?.metadata).toMatchObject({
      archive: WEEK,
      course_id: "MITx-6.00x-1T2020",
      source: "prod",
      dialect: "2",
    });
  });

  it("lists what did not change, uploads nothing of it, and names what is missing", async () => {
    await unpack(WEEKLY);
    const before = (await objects.list(buckets.landing, "edxorg/")).objects;
    const changed = WEEKLY.filter(({ name }) => !name.endsWith(".mongo")).map((member) =>
      member.name.endsWith("course-prod.json") ? { ...member, text: "[]" } : member,
    );
    const record = await unpack(changed, NEXT);
    expect(record.counts).toEqual({ empty: 2, new: 1, unchanged: 2, unknown_table: 1, unmatched: 1 });
    const after = (await objects.list(buckets.landing, "edxorg/")).objects;
    expect(after).toEqual(expect.arrayContaining([...before]));
    expect(after.length).toBe(before.length + 1);
    const { footer } = await manifest(NEXT);
    expect(footer).toMatchObject({
      compared_with: WEEK,
      missing: [{ course_id: "MITx-6.00x-1T2020", category: "forum_mongo", last_seen_in: WEEK, missing_since: NEXT }],
    });
    const recordOf = async (category: string) =>
      (await ledger.get(`edxorg-member#edxorg/raw_data/${category}`, "MITx-6.00x-1T2020|prod"))?.data;
    expect(await recordOf("forum_mongo")).toMatchObject({ lastSeenArchive: WEEK, missingSince: NEXT });
    expect(await recordOf("db_table/auth_user")).toMatchObject({ archive: WEEK, lastSeenArchive: NEXT });
    await unpack(WEEKLY, "mitx-2026-01-18.tar.gz");
    expect(await recordOf("forum_mongo")).not.toHaveProperty("missingSince");
  });

  it.each([
    ["the same content", USERS],
    ["other content", `${USERS}9\tzoe\n`],
  ])("keeps missing what a newer archive is without, when an older one comes late with %s", async (_what, late) => {
    const file = (text: string): TarMember => ({ name: "MITx-6.00x-1T2020-auth_user-prod.sql", text });
    const recordOf = async () =>
      (await ledger.get("edxorg-member#edxorg/raw_data/db_table/auth_user", "MITx-6.00x-1T2020|prod"))?.data;
    const [between, newest] = [NEXT, "mitx-2026-01-18.tar.gz"];
    await unpack([file(USERS)]);
    await unpack([], newest);
    expect(await recordOf()).toMatchObject({ lastSeenArchive: WEEK, missingSince: newest });
    await unpack([file(late)], between);
    expect(await recordOf()).toMatchObject({ lastSeenArchive: between, missingSince: newest });
    await unpack([file(late)], newest);
    expect(await recordOf()).not.toHaveProperty("missingSince");
  });

  it("remembers since when a file that had content comes empty", async () => {
    const name = "MITx-6.00x-1T2020-auth_user-prod.sql";
    const file = (text: string, as = name): TarMember => ({ name: as, text });
    const weeks = [WEEK, NEXT, "mitx-2026-01-18.tar.gz", "mitx-2026-01-25.tar.gz", "mitx-2026-02-01.tar.gz"] as const;
    const recordOf = async () =>
      (await ledger.get("edxorg-member#edxorg/raw_data/db_table/auth_user", "MITx-6.00x-1T2020|prod"))?.data;
    await unpack([file("id\n")]);
    expect(await recordOf()).toBeUndefined();
    await unpack([file(USERS)], weeks[1]);
    await unpack([file("id\n")], weeks[2]);
    await unpack([file("")], weeks[3]);
    expect(await recordOf()).toMatchObject({ rows: 2, emptySince: weeks[2], lastSeenArchive: weeks[3] });
    await unpack([file("id\n")], weeks[2]);
    expect(await recordOf()).toMatchObject({ emptySince: weeks[2], lastSeenArchive: weeks[3] });
    await unpack([], weeks[4]);
    expect(await recordOf()).toMatchObject({ emptySince: weeks[2], missingSince: weeks[4] });
    await unpack([file(USERS), file("id\n", name.replace("-prod", "-prod-analytics"))], "mitx-2026-02-08.tar.gz");
    expect(await recordOf()).not.toHaveProperty("emptySince");
    expect(await recordOf()).not.toHaveProperty("missingSince");
  });

  it("tells of each of two files of one partition whether it is new, and counts the last one", async () => {
    const [one, other] = [
      "MITx-6.00x-1T2020-auth_user-edge.sql",
      "MITx-6.00x-1T2020-auth_user-prod-edge-analytics.sql",
    ];
    const files = (first: string, second: string): TarMember[] => [
      { name: one, text: `id\n${first}\n` },
      { name: other, text: `id\n${second}\n` },
    ];
    await unpack(files("1", "2"));
    expect(await statuses()).toEqual({ [one]: "new", [other]: "new" });
    await unpack(files("1", "2"), NEXT);
    expect(await statuses(NEXT)).toEqual({ [one]: "unchanged", [other]: "unchanged" });
    const third = "mitx-2026-01-18.tar.gz";
    await unpack(files("3", "2"), third);
    expect(await statuses(third)).toEqual({ [one]: "new", [other]: "unchanged" });
    const { rows } = await manifest(third);
    const record = (await ledger.get("edxorg-member#edxorg/raw_data/db_table/auth_user", "MITx-6.00x-1T2020|edge"))
      ?.data;
    expect(record).toMatchObject({ objectKey: rows[1].object_key, lastSeenArchive: third });
    const fourth = "mitx-2026-01-25.tar.gz";
    await unpack(files("2", "2").slice(1), fourth);
    expect(await statuses(fourth)).toEqual({ [other]: "unchanged" });
    const fifth = "mitx-2026-02-01.tar.gz";
    await unpack(files("1", "2"), fifth);
    expect(await statuses(fifth)).toEqual({ [one]: "new", [other]: "unchanged" });
  });

  it("may hold a member twice, and a course that is a bare tar", async () => {
    const name = "MITx-6.00x-1T2020.mongo";
    const tar = (await makeTar(courseFiles())).toString("latin1");
    await unpack([
      { name, text: "first" },
      { name, text: "second" },
      { name, text: "second" },
      { name: "MITx-1x-1T2020-course-prod.xml.tar.gz", text: Buffer.from(tar, "latin1") },
      { name: "MITx-2x-1T2020-course-prod.xml.tar.gz", text: Buffer.from(tar.slice(0, 700), "latin1") },
    ]);
    const { rows } = await manifest();
    expect(rows.map(({ status, reason }) => reason ?? status)).toEqual([
      ...["new", "new", "unchanged", "new", "tar_truncated"],
    ]);
    await unpack([{ name, text: "second" }], NEXT);
    expect(await statuses(NEXT)).toEqual({ [name]: "unchanged" });
  });

  it("keeps the newest on record when an older archive comes late", async () => {
    await unpack([{ name: "MITx-6.00x-1T2020.mongo", text: "new" }], NEXT);
    await unpack([{ name: "MITx-6.00x-1T2020.mongo", text: "old" }], WEEK);
    const { data } = (await ledger.get("edxorg-member#edxorg/raw_data/forum_mongo", "MITx-6.00x-1T2020|prod")) ?? {};
    expect(data).toMatchObject({ sha256: sha("new"), lastSeenArchive: NEXT });
    expect((await landed()).length).toBe(2);
  });

  it("delivers all others when one member is damaged, and names that one", async () => {
    const broken = Buffer.from(gzipSync("x".repeat(3_000)).subarray(0, 20)).toString("latin1");
    const members = [
      ...WEEKLY,
      { name: "MITx-1x-1T2020-auth_user-prod.sql", text: "id\tid\n1\t2\n" },
      { name: "MITx-2x-1T2020-course-prod.json", text: '{"cut": ' },
      { name: "MITx-3x-1T2020-course-prod.xml.tar.gz", text: broken },
      { name: "MITx-4x-1T2020-auth_user-prod.sql", text: "id\n1\t2\n3\t4\n" },
      { name: "MITx-5x-1T2020-auth_user-prod.sql", text: "id\tv\n1\t2\n1\t2\t3\n\n2\n" },
      { name: "MITx-6x-1T2020-auth_user-prod.sql", text: `id\n${"9".repeat(600)}\n` },
    ];
    await unpack(members, WEEK, { memberBytes: 500 });
    expect(await statuses()).toMatchObject({
      "mitx/MITx-6.00x-1T2020-auth_user-prod-analytics.sql": "new",
      "MITx-1x-1T2020-auth_user-prod.sql": "malformed duplicate_column",
      "MITx-2x-1T2020-course-prod.json": "malformed invalid_json",
      "MITx-3x-1T2020-course-prod.xml.tar.gz": "malformed not_gzip",
      "MITx-4x-1T2020-auth_user-prod.sql": "malformed no_good_line",
      "MITx-5x-1T2020-auth_user-prod.sql": "new",
      "MITx-6x-1T2020-auth_user-prod.sql": "malformed member_too_large",
    });
    const five = (await manifest()).rows.find(({ member }) => member.startsWith("MITx-5x"));
    expect(five).toMatchObject({ rows: 2, quarantined: 1, short_rows: 1 });
    const parts = [];
    for await (const part of listQuarantine({ ledger, objects }))
      parts.push(`${part.sourceKey.split("/").at(-1)} ${part.line} ${part.reason}`);
    expect(parts).toEqual([
      "MITx-1x-1T2020-auth_user-prod.sql 0 duplicate_column",
      "MITx-2x-1T2020-course-prod.json 0 invalid_json",
      "MITx-3x-1T2020-course-prod.xml.tar.gz 0 not_gzip",
      "MITx-4x-1T2020-auth_user-prod.sql 2 surplus_fields",
      "MITx-4x-1T2020-auth_user-prod.sql 3 surplus_fields",
      "MITx-5x-1T2020-auth_user-prod.sql 3 surplus_fields",
    ]);
    const within = [];
    for await (const { sourceKey } of listQuarantine({ ledger, objects }, { sourceKey: keyOf(WEEK) }))
      within.push(sourceKey);
    expect(within).toHaveLength(parts.length);
    for await (const part of listQuarantine({ ledger, objects }, { sourceKey: keyOf(WEEK).slice(0, -1) }))
      expect.unreachable(part.sourceKey);
    const settings = {} as Parameters<typeof exportQuarantine>[1];
    const bytesOf = async (member: string) =>
      text(await exportQuarantine({ ledger, objects }, settings, `${keyOf(WEEK)}/${member}`));
    expect(await bytesOf("MITx-1x-1T2020-auth_user-prod.sql")).toBe("id\tid\n1\t2\n");
    expect(await bytesOf("MITx-5x-1T2020-auth_user-prod.sql")).toBe("1\t2\t3\n");
  });

  it("recognises CR before every LF, and only that", async () => {
    const crlf = { name: "MITx-1x-1T2020-auth_user-prod.sql", text: "a\tb\r\n1\t2\r\n" };
    const mixed = { name: "MITx-2x-1T2020-auth_user-prod.sql", text: "a\tb\r\n1\t2\r\n3\t4\n" };
    await unpack([crlf, mixed]);
    const { rows } = await manifest();
    const fields = async (index: number) =>
      (await text(await objects.get({ bucket: buckets.landing, key: rows[index].object_key })))
        .split("\n")
        .slice(0, -1)
        .map((line) => line.split("\t").slice(0, 2));
    expect(await fields(0)).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
    expect(await fields(1)).toEqual([
      ["a", '"b\r"'],
      ["1", '"2\r"'],
      ["3", "4"],
    ]);
  });

  it("writes nothing of an attacker's members outside their place", async () => {
    const name = "MITx-6.00x-1T2020.mongo";
    const members: TarMember[] = [
      ...["../../etc/", "/etc/", "a/../../", "\\", "C:\\"].map((path) => ({
        name: path + name,
        text: "x",
        pax: { path: path + name },
      })),
      { name: `ln-${name}`, type: "symlink", linkname: "/etc/passwd" },
      { name: `hard-${name}`, type: "link", linkname: name },
      ...(["character-device", "block-device", "fifo"] as const).map((type) => ({ name: `dev-${name}`, type })),
      { name, text: "good" },
      { name: `._${name}`, text: "mac" },
      { name: "MITx-...-1T2020.mongo", text: "dots" },
    ];
    const record = await unpack(members);
    expect(record).toMatchObject({ complete: true, counts: { new: 1, unmatched: 12 } });
    expect((await manifest()).footer.refused).toEqual({ unsafe_path: 5, unsafe_link: 2, unsafe_member_type: 3 });
    expect(await landed()).toEqual([`edxorg/raw_data/forum_mongo/prod/MITx-6.00x-1T2020/${sha("good")}.mongo`]);
  });

  it("takes members larger than what is kept in memory", async () => {
    const lines = Array.from({ length: 40_000 }, (_, n) => `${n}\t${"v".repeat(n % 90)}`);
    const members = [
      { name: "MITx-1x-1T2020-auth_user-prod.sql", text: `id\tv\n${lines.join("\n")}\n` },
      { name: "MITx-1x-1T2020.mongo", text: lines.join() },
    ];
    await unpack(members);
    const { rows } = await manifest();
    const [table, mongo] = await Promise.all(
      rows.map(async ({ object_key: key }) => buffer(await objects.get({ bucket: buckets.landing, key }))),
    );
    expect([sha(table ?? ""), sha(mongo ?? "")]).toEqual(rows.map(({ sha256 }) => sha256));
    expect(mongo?.toString()).toBe(lines.join());
    expect(rows[0].rows).toBe(40_000);
  });
});

describe("a hostile archive of another kind", () => {
  const fixtures = join(import.meta.dirname, "../../../../shared/fixtures/hostile/archives");
  const names = readdirSync(fixtures).filter((name) => name.endsWith(".tar.gz"));

  it.each(names)("%s leaves nothing but its manifest", async (name) => {
    await land(readFileSync(join(fixtures, name)));
    const outcome = await unpackLanded(WEEK, { ratioFromBytes: 1_048_576 }).catch((error: unknown) => error);
    expect(outcome).toMatchObject(outcome instanceof Error ? { name: "Malformed" } : { complete: true });
    expect(await landed()).toEqual([]);
    expect(outcome instanceof Error).toBe(/truncated|bomb-200mb/.test(name));
    const { rows, footer } = await manifest();
    expect(footer.complete).toBe(!(outcome instanceof Error));
    expect(rows.filter(({ status }) => status !== "unmatched")).toEqual([]);
  });
});

describe("a damaged archive", () => {
  const noise = (seed: number) => Array.from({ length: 3_000 }, (_, n) => ((n + seed) * 7_919) % 997).join();
  const many = Array.from({ length: 12 }, (_, n) => ({ name: `MITx-${n}x-1T2020.mongo`, text: noise(n * 31) }));

  it("is Malformed wherever it is cut, with all members that were whole", async () => {
    const tar = await makeTar(many);
    const whole = gzipSync(tar);
    for (const share of [0.2, 0.5, 0.9]) {
      const archive = `mitx-2026-02-0${Math.round(share * 10)}.tar.gz`;
      const bytes = whole.subarray(0, Math.floor(whole.length * share));
      await land(bytes, archive);
      await expect(unpackLanded(archive)).rejects.toMatchObject(refusal("gzip_truncated"));
      const read = gunzipSync(bytes, { finishFlush: 2 });
      const expected = many.filter((_, n) => {
        const end = tar.indexOf(many[n]?.text ?? "") + (many[n]?.text.length ?? 0);
        return end <= read.length;
      });
      const { rows, footer } = await manifest(archive);
      expect(rows.map(({ member }) => member)).toEqual(expected.map(({ name }) => name));
      expect(footer).toMatchObject({ complete: false, reason: "gzip_truncated", members: expected.length });
      const record = (await ledger.get("edxorg-archive", archive))?.data;
      expect(record).toMatchObject({ complete: false, sha256: sha(bytes) });
    }
  });

  it("delivers tables that one thread has when it ends inside a table of the other, in their order", async () => {
    const lines = (count: number, seed: number) =>
      Array.from({ length: count }, (_, n) => `${n}\t${((n + seed) * 7_919) % 99_991}\n`).join("");
    const sizes = [40_000, 10, 2_000, 40_000, 10];
    const tables = sizes.map((count, n) => ({
      name: `MITx-${n}x-1T2020-auth_user-prod.sql`,
      text: `id\tv\n${lines(count, n)}`,
    }));
    const tar = await makeTar(tables);
    const inFourth = tar.indexOf(tables[3]?.text ?? "") + 200_000;
    await land(gzipSync(tar.subarray(0, inFourth)));
    await expect(unpackLanded()).rejects.toMatchObject(refusal("tar_truncated"));
    const delivered = async () =>
      Promise.all(
        (await manifest()).rows.map(async ({ member, status, rows, sha256, object_key: key }) => {
          const bytes = await buffer(await objects.get({ bucket: buckets.landing, key }));
          return [member, status, rows, sha(bytes) === sha256];
        }),
      );
    const all = tables.map(({ name }, n) => [name, "new", sizes[n], true]);
    expect(await delivered()).toEqual(all.slice(0, 3));
    expect((await landed()).length).toBe(3);
    await land(gzipSync(tar));
    await unpackLanded();
    expect(await delivered()).toEqual(all.map(([name, , ...rest], n) => [name, n < 3 ? "unchanged" : "new", ...rest]));
  });

  it.each([
    [
      "a gzip of a tar without its end mark",
      async () => gzipSync((await makeTar(many)).subarray(0, -1_024)),
      "tar_truncated",
      12,
    ],
    [
      "a gzip of a tar that ends inside a member",
      async () => gzipSync((await makeTar(many)).subarray(0, -3_000)),
      "tar_truncated",
      11,
    ],
    [
      "a wrong checksum",
      async () => {
        const whole = await makeTarGz(many);
        whole[whole.length - 6] = (whole.at(-6) ?? 0) ^ 1;
        return whole;
      },
      "gzip_crc",
      12,
    ],
    [
      "bytes behind the end",
      async () => Buffer.concat([await makeTarGz(many), Buffer.from("more")]),
      "trailing_bytes",
      12,
    ],
    ["no gzip", async () => makeTar(many), "not_gzip", 0],
    ["nothing", async () => Buffer.alloc(0), "empty_object", 0],
    ["no tar", async () => gzipSync("no tar ".repeat(500)), "tar_corrupt", 0],
  ])("is Malformed: %s", async (_what, make, code, members) => {
    await land(await make());
    await expect(unpackLanded()).rejects.toMatchObject(refusal(code));
    const { rows, footer } = await manifest();
    expect(footer).toMatchObject({ complete: false, reason: code });
    expect(rows.length).toBe(members);
    const refused = [];
    for await (const part of listQuarantine({ ledger, objects })) refused.push([part.sourceKey, part.reason]);
    expect(refused).toEqual([[keyOf(WEEK), code]]);
  });

  it.each([
    ["members", { members: 5 }],
    ["unpackedBytes", { unpackedBytes: 50_000 }],
    ["ratio", { ratio: 1, ratioFromBytes: 50_000 }],
  ])("is left at the limit of %s", async (_limit, limits) => {
    await expect(unpack(many, WEEK, limits)).rejects.toMatchObject(refusal("expansion_limit"));
    expect((await manifest()).footer).toMatchObject({ complete: false, reason: "expansion_limit" });
  });

  it("is not compared with, and its replacement is unpacked", async () => {
    await unpack(many.slice(0, 3));
    await land((await makeTarGz(many)).subarray(0, -8), NEXT);
    await expect(unpackLanded(NEXT)).rejects.toMatchObject(refusal("gzip_truncated"));
    const record = await unpack(many.slice(1), "mitx-2026-01-18.tar.gz");
    expect((await manifest("mitx-2026-01-18.tar.gz")).footer).toMatchObject({ compared_with: WEEK });
    expect(record.missing).toBe(1);
    await land(await makeTarGz(many), NEXT);
    expect(await unpackLanded(NEXT)).toMatchObject({ complete: true, members: 12 });
  });
});

describe("a worker that dies", () => {
  it("at any call has repeated nothing that was finished when another has ended the work", async () => {
    const members = [
      ...WEEKLY,
      { name: "MITx-9x-1T2020-auth_user-prod.sql", text: "a\tb\n1\t2\n1\t2\t3\n" },
      { name: "MITx-9x-1T2020.mongo", text: "n" },
    ];
    await unpack([{ name: "MITx-9x-1T2020.mongo", text: "n" }], "mitx-2025-12-28.tar.gz");
    const bytes = await makeTarGz(members);
    let ended = 0;
    for (let at = 0; ended < 2; at += 1) {
      const effect = at % 2 === 0;
      // Each history in a week of its own, with a home of its own.
      const home = mkdtempSync(join(root, "home-"));
      const own = { ledger: memoryLedger(), objects: embeddedObjects(home) };
      const created: string[] = [];
      const counted: Objects = {
        ...own.objects,
        put: async (bucket, key, body, options) => {
          const put = await own.objects.put(bucket, key, body, options);
          if (put.created && bucket === buckets.landing) created.push(key);
          return put;
        },
      };
      try {
        const { head } = await own.objects.put(buckets.landing, keyOf(WEEK), bytes);
        const given = {
          buckets,
          object: head,
          archive: WEEK,
          folder: home,
          rowHash: "safe" as const,
          runId: "run",
          limits: EDXORG_LIMITS,
        };
        const killed = mortal(at, effect);
        const first = await killed.live(() =>
          unpackArchive({ ...given, io: { ledger: killed.wrap<Ledger>(own.ledger), objects: killed.wrap(counted) } }),
        );
        if (first !== "killed") ended += 1;
        const folder = mkdtempSync(join(home, "second-"));
        const record = await unpackArchive({ ...given, folder, io: { ledger: own.ledger, objects: counted } });
        expect(record.counts).toEqual({ empty: 2, new: 6, unknown_table: 1, unmatched: 1 });
        expect(new Set(created).size).toBe(created.length);
        expect(created.length).toBe(7);
        const key = `edxorg/archives/${WEEK}/manifest.jsonl`;
        const lines = (await text(await own.objects.get({ bucket: buckets.artifacts, key }))).trimEnd().split("\n");
        expect(lines.length).toBe(members.length);
      } finally {
        own.objects.close();
      }
    }
  });

  it("has its finished members only read again, and starts over when they are others", async () => {
    await land(await makeTarGz(WEEKLY));
    const first = await unpackLanded();
    let puts = 0;
    const counted: Objects = {
      ...objects,
      put: async (...args) => {
        puts += 1;
        return objects.put(...args);
      },
    };
    expect((await unpackLanded(WEEK, {}, { ledger, objects: counted })).counts).toEqual(first.counts);
    // The manifest only.
    expect(puts).toBe(1);
    const { items } = await ledger.query(`edxorg-archive-part#${WEEK}`);
    const part = items[0];
    if (part === undefined) throw new Error("There is no part.");
    const wrong = JSON.parse(JSON.stringify(part.data).replace(sha(USERS), sha("others")));
    await ledger.write([{ put: { pk: part.pk, sk: part.sk, data: wrong }, if: { any: true } }]);
    expect((await unpackLanded()).counts).toEqual({ empty: 2, unchanged: 4, unknown_table: 1, unmatched: 1 });
    expect((await manifest()).rows[0].member_sha256).toBe(sha(USERS));
  });
});
