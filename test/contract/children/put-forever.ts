import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { Readable } from "node:stream";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";

/** Puts objects until it is killed and says each one that was acknowledged: `key sha256`. */
const [folder = "", name = ""] = process.argv.slice(2);
const objects = embeddedObjects(folder);

for (let index = 0; ; index += 1) {
  const body = Buffer.alloc(1 + ((index * 7_919) % 200_000), `${name}/${index} `);
  // Every fourth key is overwritten again and again.
  const key = index % 4 === 0 ? `shared-${index % 3}` : `${name}/${index}`;
  const { head } = await objects.put(
    "millrace-dev-landing",
    key,
    index % 2 === 0 ? body : Readable.from([body.subarray(0, 10), body.subarray(10)]),
  );
  writeSync(1, `${JSON.stringify([key, head.versionId, createHash("sha256").update(body).digest("hex")])}\n`);
}
