import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../contract/temporary-folder.ts";
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
});
