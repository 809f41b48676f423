import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { awsLake } from "../../core/io/aws/lake.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { member, startEdxorg } from "../lake/edxorg-home.ts";
import { EXTENSIONS, missingExtensions } from "../lake/temporary-lake.ts";
import { startEmulator, type Emulator } from "./emulator.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", ".tools", "python", "bin", "ministack");
const missing = missingExtensions ?? (existsSync(PROGRAM) ? undefined : `there is no ${PROGRAM}`);
const COURSE = "MITx-6.00x-1T2020";
const TABLE = "auth_user";
/** Names the service; the emulator checks no signature. */
const SIGNED =
  "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3tables/aws4_request, SignedHeaders=host, Signature=x";

describe.skipIf(missing !== undefined)(`tables of edx.org in a table bucket (${missing ?? "run"})`, () => {
  const folder = temporaryFolder();
  const before = { ...process.env };
  let emulator: Emulator;
  let home: Awaited<ReturnType<typeof startEdxorg>>;

  beforeAll(async () => {
    emulator = await startEmulator();
    Object.assign(process.env, emulator.env);
    const made = await fetch(`${emulator.url}/buckets`, {
      method: "PUT",
      headers: { authorization: SIGNED, "content-type": "application/json" },
      body: JSON.stringify({ name: "edxorg-tables" }),
    });
    const { arn } = z.object({ arn: z.string() }).parse(await made.json());
    const target = awsLake({
      lakeCatalog: `s3tables:${arn}`,
      duckdbExtensions: EXTENSIONS,
      buckets: { lake: "unused" },
    });
    home = await startEdxorg(folder.path, "safe", target);
  }, 60_000);
  afterAll(async () => {
    await home.stop();
    process.env = before;
    await emulator.stop();
    folder.remove();
  });

  test("a second archive adds rows, sees rows again and marks what is absent", async () => {
    const first = await home.land("2026-01-04", [member(COURSE, TABLE, ["id\tname", "1\tann", "2\tbob"])]);
    expect(await home.load(TABLE, first)).toMatchObject({ outcome: "loaded", counts: { inserted: 2 } });
    const second = await home.land("2026-01-11", [member(COURSE, TABLE, ["id\tname\tmore", "2\tbob\t", "3\tcy\tx"])]);
    expect(await home.load(TABLE, second)).toMatchObject({ counts: { inserted: 2, refreshed: 0, absent: 2 } });
    const third = await home.land("2026-01-18", [member(COURSE, TABLE, ["id\tname", "2\tbob"])]);
    expect(await home.load(TABLE, third, 1)).toMatchObject({ counts: { inserted: 0, refreshed: 1, absent: 2 } });
    expect(await home.rows(TABLE, "name, more, _absent_since IS NULL AS live")).toEqual([
      { name: "ann", more: null, live: false },
      { name: "bob", more: "", live: false },
      { name: "bob", more: null, live: true },
      { name: "cy", more: "x", live: false },
    ]);
  }, 120_000);
});
