import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { embeddedLedger } from "../../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";
import { describeFailure } from "../../../core/model/failures.ts";

/** Fills the small disk at `folder` through the ports, frees some of it, goes on; prints what happened as JSON. */
const [folder = ""] = process.argv.slice(2);
const bucket = "millrace-dev-landing";
const ballast = join(folder, "ballast");
writeFileSync(ballast, Buffer.alloc(1_000_000));
const state = join(folder, "state");
const objects = embeddedObjects(state);
const ledger = embeddedLedger(state);

const untilRefused = async (put: (index: number) => Promise<unknown>): Promise<{ done: number; failure: unknown }> => {
  for (let done = 0; ; done += 1) {
    try {
      await put(done);
    } catch (error) {
      return { done, failure: describeFailure(error) };
    }
  }
};
const wholeObjects = async (): Promise<number> => {
  let whole = 0;
  for (const { key, sizeBytes } of (await objects.list(bucket, "")).objects) {
    if ((await text(await objects.get({ bucket, key }))).length === sizeBytes) whole += 1;
  }
  return whole;
};

const puts = await untilRefused((index) => objects.put(bucket, `big/${index}`, "b".repeat(300_000)));
const smallPuts = await untilRefused((index) => objects.put(bucket, `small/${index}`, "s".repeat(3_000)));
const writes = await untilRefused((index) =>
  ledger.write([{ put: { pk: "p", sk: `${index}`, data: "d".repeat(2_000) }, if: { absent: true } }]),
);
const before = { objects: await wholeObjects(), items: (await ledger.query("p")).items.length };
rmSync(ballast);
await objects.put(bucket, "after", "a".repeat(100_000));
await ledger.write([{ put: { pk: "p", sk: "after", data: 1 }, if: { absent: true } }]);
const after = { objects: await wholeObjects(), items: (await ledger.query("p")).items.length };
console.log(JSON.stringify({ puts, smallPuts, writes, before, after }));
