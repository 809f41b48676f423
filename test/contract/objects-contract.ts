import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Objects } from "../../core/io/ports.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

export interface OpenedObjects extends Opened<Objects> {
  /** A versioned bucket of this suite. */
  readonly bucket: string;
}

const md5 = (body: string | Uint8Array): string => createHash("md5").update(body).digest("hex");

export function objectsContract(home: Home<OpenedObjects>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("objects", home), () => {
    let opened: OpenedObjects;
    let objects: Objects;
    let bucket: string;
    beforeAll(async () => {
      opened = await home.open();
      ({ port: objects, bucket } = opened);
    });
    afterAll(() => opened?.close());

    const read = async (key: string, range?: { start: number; end: number }): Promise<string> =>
      text(await objects.get({ bucket, key }, range));

    it.each([
      ["text", "naïve ✓"],
      ["bytes", Buffer.from([0, 255, 10, 13])],
      ["nothing", ""],
    ])("keeps %s exactly and describes it", async (kind, body) => {
      const key = `exact/${kind}`;
      const put = await objects.put(bucket, key, body, { metadata: { Source: "mitx", "x-2": "a b" } });
      const head = await objects.head({ bucket, key });
      expect(put).toEqual({ head, created: true });
      expect(head).toMatchObject({ bucket, key, etag: md5(body), sizeBytes: Buffer.from(body).length });
      expect(head?.metadata).toEqual({ source: "mitx", "x-2": "a b" });
      expect(Math.abs(Date.now() - (head?.lastModified.getTime() ?? 0))).toBeLessThan(600_000);
      expect(await buffer(await objects.get({ bucket, key }))).toEqual(Buffer.from(body));
    });

    it("keeps a stream of several parts exactly", async () => {
      const part = Buffer.alloc(1_000_003, "0123456789abcdef");
      const parts = Array.from({ length: 18 }, (_, index) => Buffer.concat([Buffer.from([index]), part]));
      const { head } = await objects.put(bucket, "big", Readable.from(parts));
      expect(head.sizeBytes).toBe(18 * 1_000_004);
      expect(md5(await buffer(await objects.get({ bucket, key: "big" })))).toBe(md5(Buffer.concat(parts)));
    });

    it("takes over a file that is given away, and leaves one alone whose key is taken", async () => {
      const bytes = Buffer.alloc(9_000_001, "a file's bytes");
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const folder = await mkdtemp(join(tmpdir(), "millrace-given-"));
      try {
        const [path, other] = [join(folder, "given"), join(folder, "other")];
        await writeFile(path, bytes, { mode: 0o600 });
        await writeFile(other, "other bytes");
        const put = await objects.put(bucket, "given", { path, digest: sha256 }, { ifAbsent: true });
        expect(put).toMatchObject({ created: true, head: { sizeBytes: bytes.length } });
        expect(existsSync(path)).toBe(!(await objects.movesFiles()));
        expect(await objects.put(bucket, "given", { path: other, digest: "0" }, { ifAbsent: true })).toEqual({
          head: put.head,
          created: false,
        });
        expect(md5(await buffer(await objects.get({ bucket, key: "given" })))).toBe(md5(bytes));
        expect(await buffer(await objects.get({ bucket, key: "given" }, { start: 9_000_000, end: 9_000_000 }))).toEqual(
          bytes.subarray(-1),
        );
        const missing = objects.put(bucket, "no-file", { path: join(folder, "missing"), digest: sha256 });
        await expect(missing).rejects.toThrow("ENOENT");
        expect(await objects.head({ bucket, key: "no-file" })).toBeUndefined();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

    it("leaves nothing of a stream that breaks off", async () => {
      async function* broken(): AsyncGenerator<Buffer> {
        yield Buffer.alloc(9_000_000);
        yield Buffer.alloc(10);
        throw new Error("the source went away");
      }
      await expect(objects.put(bucket, "broken", Readable.from(broken()))).rejects.toThrow("the source went away");
      expect(await objects.head({ bucket, key: "broken" })).toBeUndefined();
    });

    it.each([
      "course-v1:MITx+6.00.1x+3T2024.tar.gz",
      "a b/c%20d/e&f=g?h#i",
      "ünï/✓/日本/😀.log.gz",
      "no-extension./trailing/",
      'it\'s "quoted" (really)',
      "k".repeat(1_024),
    ])("keeps the key %s", async (key) => {
      await objects.put(bucket, key, key);
      expect(await read(key)).toBe(key);
      expect(await objects.withFile({ bucket, key }, (path) => readFile(path, "utf8"))).toBe(key);
      const { objects: listed } = await objects.list(bucket, key);
      expect(listed.map((object) => object.key)).toContain(key);
    });

    it("replaces the current version and keeps the older one", async () => {
      const first = await objects.put(bucket, "versions", "one");
      const second = await objects.put(bucket, "versions", "two");
      expect(second.head.versionId).not.toBe(first.head.versionId);
      expect(await read("versions")).toBe("two");
      const older = { bucket, key: "versions", versionId: first.head.versionId };
      expect(await text(await objects.get(older))).toBe("one");
      expect(await objects.withFile(older, (path) => readFile(path, "utf8"))).toBe("one");
      expect(await objects.head(older)).toEqual(first.head);
    });

    it("creates only once when asked to, also for many at a time", async () => {
      const puts = Array.from({ length: 12 }, (_, index) =>
        objects.put(bucket, "once", index % 2 === 0 ? `${index}` : Readable.from([Buffer.from(`${index}`)]), {
          ifAbsent: true,
        }),
      );
      const results = await Promise.all(puts);
      const created = results.filter((result) => result.created);
      expect(created).toHaveLength(1);
      expect(new Set(results.map(({ head }) => head.versionId))).toEqual(new Set([created[0]?.head.versionId]));
      const later = await objects.put(bucket, "once", "later", { ifAbsent: true });
      expect(later).toEqual({ head: created[0]?.head, created: false });
      expect(await read("once")).toBe(String(results.findIndex((result) => result.created)));
    });

    it("reads ranges, both ends inclusive", async () => {
      await objects.put(bucket, "range", "0123456789");
      expect(await read("range", { start: 2, end: 4 })).toBe("234");
      expect(await read("range", { start: 9, end: 9 })).toBe("9");
      expect(await read("range", { start: 8, end: 99 })).toBe("89");
      for (const range of [
        { start: 10, end: 12 },
        { start: 4, end: 3 },
        { start: -1, end: 3 },
      ]) {
        const refused = { name: "Rejected", code: "range_invalid" };
        await expect(objects.get({ bucket, key: "range" }, range)).rejects.toMatchObject(refused);
      }
    });

    it("says which object is missing", async () => {
      const ref = { bucket, key: "not/there" };
      const missing = { name: "Rejected", code: "object_missing", message: expect.stringContaining("not/there") };
      expect(await objects.head(ref)).toBeUndefined();
      await expect(objects.get(ref)).rejects.toMatchObject(missing);
      await expect(objects.withFile(ref, async () => "never")).rejects.toMatchObject(missing);
    });

    it("lists in byte order of UTF-8, page by page", async () => {
      // JavaScript would sort the emoji (a surrogate pair) before U+FFEE.
      const names = ["", "/", "0", "A", "a", "a/", "a0", "aa", "z", "é", "\uffee", "😀"];
      for (const name of names.toReversed()) await objects.put(bucket, `list-${name}`, name);
      await objects.put(bucket, "lisT", "before");
      await objects.put(bucket, "list.", "after");
      const keys: string[] = [];
      const pages: number[] = [];
      let after: string | undefined;
      do {
        const page = await objects.list(bucket, "list-", { limit: 5, ...(after === undefined ? {} : { after }) });
        keys.push(...page.objects.map(({ key }) => key));
        pages.push(page.objects.length);
        after = page.next;
      } while (after !== undefined);
      expect(keys).toEqual(names.map((name) => `list-${name}`));
      expect(pages).toEqual([5, 5, 2]);
      expect((await objects.list(bucket, "list-a")).objects.map(({ key }) => key)).toEqual(
        ["a", "a/", "a0", "aa"].map((name) => `list-${name}`),
      );
      expect((await objects.list(bucket, "list-", { after: "list-é" })).objects).toHaveLength(2);
      expect((await objects.list(bucket, "list-", { after: "a" })).objects).toHaveLength(names.length);
      expect((await objects.list(bucket, "list-", { after: "m" })).objects).toHaveLength(0);
    });

    it("lists at most 1,000 a page, whatever is asked for", async () => {
      const keys = Array.from({ length: 1_003 }, (_, index) => `many/${String(index).padStart(4, "0")}`);
      for (let index = 0; index < keys.length; index += 50)
        await Promise.all(keys.slice(index, index + 50).map((key) => objects.put(bucket, key, "")));
      const first = await objects.list(bucket, "many/", { limit: 5_000 });
      expect([first.objects.length, first.next]).toEqual([1_000, keys[999]]);
      const rest = await objects.list(bucket, "many/", { after: first.next ?? "" });
      expect([...first.objects, ...rest.objects].map(({ key }) => key)).toEqual(keys);
      expect(rest.next).toBeUndefined();
    });

    describe("in parts", () => {
      const FIVE_MB = 5 * 1_024 * 1_024;
      const parts = [Buffer.alloc(FIVE_MB, "a"), Buffer.alloc(FIVE_MB + 1, "b"), Buffer.from("end")];
      const whole = md5(Buffer.concat(parts));

      it("keeps an object that several processes made, and shows nothing of it before", async () => {
        const key = "parts/one";
        const upload = await objects.beginUpload(bucket, key, { metadata: { source: "mitx" } });
        const first = await objects.putPart(upload, 1, parts[0]!);
        await objects.putPart(upload, 2, Buffer.alloc(FIVE_MB, "x"));
        expect(await objects.head({ bucket, key })).toBeUndefined();
        // Another process knows only what was put on record.
        const known: typeof upload = JSON.parse(JSON.stringify(upload));
        const second = await objects.putPart(known, 2, parts[1]!);
        const third = await objects.putPart(known, 3, parts[2]!);
        const made = [first, second, third];
        expect(made.map(({ number, sizeBytes }) => [number, sizeBytes])).toEqual([
          [1, FIVE_MB],
          [2, FIVE_MB + 1],
          [3, 3],
        ]);
        const head = await objects.completeUpload(known, made);
        expect(head).toMatchObject({ bucket, key, sizeBytes: 2 * FIVE_MB + 4, metadata: { source: "mitx" } });
        expect(md5(await buffer(await objects.get({ bucket, key })))).toBe(whole);
        // Its answer may have been lost.
        expect(await objects.completeUpload(known, made)).toEqual(head);
        await expect(objects.putPart(known, 4, parts[2]!)).rejects.toMatchObject({
          name: "Conflict",
          code: "upload_gone",
        });
      });

      it.each([
        ["in order", [1, 2, 3]],
        ["in another order", [3, 1, 2]],
        ["one of them again", [1, 2, 2, 3]],
      ])("makes the same object of them, put %s", async (order, numbers) => {
        const key = `parts/${order}`;
        const upload = await objects.beginUpload(bucket, key);
        const kept = new Map<number, Awaited<ReturnType<Objects["putPart"]>>>();
        for (const number of numbers) kept.set(number, await objects.putPart(upload, number, parts[number - 1]!));
        const head = await objects.completeUpload(
          upload,
          [1, 2, 3].map((number) => kept.get(number)!),
        );
        expect(head).toMatchObject({ sizeBytes: 2 * FIVE_MB + 4, etag: expect.stringMatching(/^[0-9a-f]{32}-3$/) });
        expect(md5(await buffer(await objects.get({ bucket, key })))).toBe(whole);
      });
    });

    it("copies bytes and metadata, of the version that is named", async () => {
      const key = "copies/a+b é.csv";
      const old = await objects.put(bucket, key, "old", { metadata: { a: "1" } });
      await objects.put(bucket, key, "new");
      const copied = await objects.copy(old.head, bucket, "copies/x");
      expect(copied).toMatchObject({ key: "copies/x", sizeBytes: 3, metadata: { a: "1" } });
      expect(await objects.head({ bucket, key: "copies/x" })).toEqual(copied);
      expect(await read("copies/x")).toBe("old");
      await objects.copy({ bucket, key }, bucket, "copies/x");
      expect([await read("copies/x"), await read(key)]).toEqual(["new", "new"]);
      await expect(objects.copy({ bucket, key: "copies/none" }, bucket, "copies/y")).rejects.toMatchObject({
        name: "Rejected",
        code: "object_missing",
      });
    });

    it("addresses only the current version in SQL", async () => {
      const first = await objects.put(bucket, "sql.parquet", "one");
      const ref = { bucket, key: "sql.parquet" };
      const uri = await objects.sqlUri(ref);
      expect(uri).toMatch(/\.parquet$/);
      expect(await objects.sqlUri({ ...ref, versionId: first.head.versionId })).toBe(uri);
      await objects.put(bucket, "sql.parquet", "two");
      await expect(objects.sqlUri({ ...ref, versionId: first.head.versionId })).rejects.toMatchObject({
        name: "Conflict",
        code: "version_not_current",
      });
    });

    it.each([
      ["an empty key", "", {}, "key_invalid"],
      ["a long key", "é".repeat(513), {}, "key_invalid"],
      ["half a character", "\ud800", {}, "key_invalid"],
      ["metadata that is no ASCII", "meta", { a: "ü" }, "metadata_invalid"],
      ["metadata above 2 KB", "meta", { a: "x".repeat(2_048) }, "metadata_invalid"],
    ])("refuses %s", async (_, key, metadata, code) => {
      await expect(objects.put(bucket, key, "x", { metadata })).rejects.toMatchObject({ name: "Rejected", code });
    });
  });
}
