import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Origin, OriginObject } from "../../core/io/origins.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

export interface OpenedOrigin extends Opened<Origin> {
  /** Its owner puts an object there. Of a list that is declared, these names are: `a/1`, `a/2 é+&?`, `a/3`, `b/1`. */
  readonly put: (name: string, bytes: Buffer) => Promise<void>;
  /** What its lists state of sums. */
  readonly sums: readonly ("md5" | "crc32c")[];
  /** Where copies go that the store makes by itself, with a look at them; absent = it makes none. */
  readonly copies?: { readonly bucket: string; readonly read: (key: string) => Promise<Buffer> };
}

const ODD = "a/2 é+&?";

/** What every store of somebody else's does alike, whatever it is. `noRanges`: why no part of an object can be read there. */
export function originsContract(home: Home<OpenedOrigin>, noRanges?: string): void {
  const partly = noRanges === undefined ? "" : ` (parts skipped: ${noRanges})`;
  describe.skipIf(home.skip !== undefined)(titleOf("origins", home), () => {
    let opened: OpenedOrigin;
    let origin: Origin;
    const bytes = randomBytes(100_000);
    beforeAll(async () => {
      opened = await home.open();
      origin = opened.port;
      for (const name of ["b/1", "a/3", ODD]) await opened.put(name, bytes);
      await opened.put("a/1", Buffer.alloc(0));
    });
    afterAll(() => opened?.close());

    const listed = async (prefix: string): Promise<OriginObject[]> => {
      const all: OriginObject[] = [];
      for await (const page of origin.list(prefix)) all.push(...page);
      return all;
    };
    const one = async (name: string): Promise<OriginObject> => {
      const found = (await listed("")).find((object) => object.name === name);
      if (found === undefined) throw new Error(`${name} is not listed.`);
      return found;
    };

    it("lists what begins with a prefix, by name, with lengths and the sums that it states", async () => {
      const found = await listed("a/");
      expect(found.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
        ["a/1", 0],
        [ODD, 100_000],
        ["a/3", 100_000],
      ]);
      expect(
        found.every(
          ({ md5, crc32c }) =>
            (md5 !== undefined) === opened.sums.includes("md5") &&
            (crc32c !== undefined) === opened.sums.includes("crc32c"),
        ),
      ).toBe(true);
      expect(await listed("nothing")).toEqual([]);
    });

    it(`gives the bytes of a range as they are stored, under any name${partly}`, async () => {
      const object = await one(ODD);
      expect(await origin.read(object, { start: 0, end: 99_999 })).toEqual(bytes);
      if (noRanges !== undefined) return;
      expect(await origin.read(object, { start: 70_001, end: 70_001 })).toEqual(bytes.subarray(70_001, 70_002));
      expect(await origin.read(object, { start: 99_990, end: 99_999 })).toEqual(bytes.subarray(-10));
    });

    it("has another version after a change, and gives no bytes of one in the name of the other", async () => {
      const before = await one("a/3");
      expect((await one("a/3")).version).toBe(before.version);
      await origin.read(before, { start: 0, end: 99_999 });
      await opened.put("a/3", randomBytes(100_000));
      expect((await one("a/3")).version).not.toBe(before.version);
      // Whoever has read of it may go on with the same version or hear that it is gone, and never gets a mixture.
      const more = await origin.read(before, { start: 0, end: 99_999 }).catch((error: unknown) => error);
      if (Buffer.isBuffer(more)) expect(more).toEqual(bytes);
      else expect(more).toMatchObject({ name: "Transient", code: "origin_object_changed" });
    });

    it("says that an object is not there", async () => {
      const gone = { ...(await one(ODD)), name: "never/there" };
      const failure = { name: "Transient", code: "origin_object_changed" };
      await expect(origin.read(gone, { start: 0, end: 9 })).rejects.toMatchObject(failure);
      expect((await listed("")).map(({ name }) => name)).not.toContain("never/there");
    });

    it("copies by itself only where the store can", async () => {
      const { copies } = opened;
      expect(origin.copy !== undefined).toBe(copies !== undefined);
      if (copies === undefined) return;
      const object = await one(ODD);
      await origin.copy?.(object, copies.bucket, "copied/é");
      expect(await copies.read("copied/é")).toEqual(bytes);
    });
  });
}
