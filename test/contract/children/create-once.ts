import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";

/** Tries to create the same twenty objects as its siblings, from the same moment on; says which it created. */
const [folder = "", name = "", start = "0"] = process.argv.slice(2);
const objects = embeddedObjects(folder);
await sleep(Math.max(0, Number(start) - Date.now()));
for (let index = 0; index < 20; index += 1) {
  const { created } = await objects.put("millrace-dev-landing", `key-${index}`, name, { ifAbsent: true });
  if (created) writeSync(1, `key-${index} ${name}\n`);
}
