import { expect, it } from "vitest";
import { assetsIn, consumersOf, declaredTarget, refuseBrokenLineage } from "./assets.ts";
import { definePipeline, type AssetDeclaration } from "./pipeline.ts";

const asset = (id: string, more: Partial<AssetDeclaration> = {}): AssetDeclaration => ({
  ...{ id, description: id, partition: "course", tables: [], ...more },
});
const pipeline = (...assets: AssetDeclaration[]) =>
  definePipeline({
    ...{ domain: "courses", description: "Courses.", tasks: {}, triggers: [], assets },
    jobs: { make: { description: "Makes.", exampleInput: {} } },
    lanes: [{ id: "slow", description: "Slow.", slots: 1 }],
  });

it("says how an asset is made, with its lane and its code version", () => {
  const assets = assetsIn([pipeline(asset("a", { codeVersion: "3", job: "make", lane: "slow" }), asset("plain"))]);
  expect(assets.map(({ id }) => id)).toEqual(["a"]);
  expect(declaredTarget("a", assets)).toEqual({
    domain: "courses",
    lane: "slow",
    input: { job: "make" },
    codeVersion: "3",
  });
  expect(declaredTarget("plain", assets)).toBeUndefined();
});

it("knows what is made of an asset, in every domain", () => {
  const assets = assetsIn([
    pipeline(asset("b", { job: "make", upstreams: ["a"] }), asset("c", { job: "make", upstreams: ["b", "a"] })),
  ]);
  expect(consumersOf("a", assets)).toEqual(["b", "c"]);
  expect(consumersOf("c", assets)).toEqual([]);
});

it.each([
  [{ job: "other" }, /made by the undeclared job "other"/],
  [{ job: "make", lane: "other" }, /undeclared lane "other"/],
  [{ upstreams: ["a"] }, /no job that makes it/],
  [{ job: "make", upstreams: ["a", "a"] }, /"a" twice/],
])("refuses %j", (declared, message) => {
  expect(() => pipeline(asset("x", declared))).toThrow(message);
});

it("refuses an upstream that is none, and assets in a circle", () => {
  const made = (id: string, ...upstreams: string[]) => asset(id, { job: "make", upstreams });
  expect(() => refuseBrokenLineage([pipeline(made("a", "b"))])).toThrow(/"a" has the upstream "b", which is no asset/);
  expect(() => refuseBrokenLineage([pipeline(made("a", "b")), pipeline(made("b", "c"), made("c", "a"))])).toThrow(
    "Assets are made of themselves: a <- b <- c <- a.",
  );
  expect(() => refuseBrokenLineage([pipeline(asset("a"), made("b", "a"), made("c", "a", "b"))])).not.toThrow();
});
