import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as layout from "./layout.ts";
import { KERNEL_SOURCE_SHA256 } from "./module.ts";

const source = readFileSync(join(import.meta.dirname, "row-kernel.as"), "utf8");

test("the compiled kernel is of this source: run compile.ts after a change", () => {
  expect(KERNEL_SOURCE_SHA256).toBe(createHash("sha256").update(source).digest("hex"));
});

test("both sides mean the same places of the memory", () => {
  const stated = [...source.matchAll(/^const ([A-Z_]+): i32 = (0x[0-9a-f]+|\d+);/gm)];
  const places = new Map(stated.map(([, name, value]) => [name, Number(value)]));
  const { STATE, CONFIG, SUFFIX, INPUT, OUTPUT } = layout;
  for (const [name, place] of Object.entries({ STATE, CONFIG, SUFFIX, INPUT, OUTPUT })) {
    expect([name, places.get(name)]).toEqual([name, place]);
  }
});
