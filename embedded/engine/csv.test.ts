import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvRows } from "./csv.ts";

const read = async (chunks: string[], delimiter = ","): Promise<string[][]> => {
  const rows: string[][] = [];
  for await (const row of csvRows(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), delimiter)) rows.push(row);
  return rows;
};

test("reads quotes, line breaks in cells, and a last line without an end", async () => {
  expect(await read(['a,b\r\n"x, ""y""","1\n2"\n\n,z'])).toEqual([
    ["a", "b"],
    ['x, "y"', "1\n2"],
    ["", "z"],
  ]);
});

test("what is written is read, however it is cut", async () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", "\n", " ") });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      async (rows, at) => {
        const text = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(",")).join("\n");
        const cut = at % (text.length + 1);
        expect(await read([text.slice(0, cut), text.slice(cut)].filter((part) => part !== ""))).toEqual(rows);
      },
    ),
    { numRuns: 100 },
  );
});
