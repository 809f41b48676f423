import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { Run } from "../bin/cli/status.ts";
import { embeddedObjects } from "../core/io/embedded/objects.ts";
import type { EngineClient } from "../embedded/control/client.ts";

const Followed = z.object({ settled: z.boolean(), objects: z.array(z.array(Run).nullable()) });

/** Milliseconds from the put of an object, its fsyncs included, to the start that its execution states itself. */
export async function putToStart(
  { engine, stateDir }: { readonly engine: EngineClient; readonly stateDir: string },
  landing: { readonly bucket: string; readonly prefix: string },
  puts: number,
): Promise<number[]> {
  const objects = embeddedObjects(stateDir);
  const measured: number[] = [];
  try {
    for (let index = 0; index < puts; index += 1) {
      const begun = Date.now();
      const { head } = await objects.put(landing.bucket, `${landing.prefix}file-${index}`, "x");
      const { bucket, key, versionId } = head;
      let followed: z.infer<typeof Followed>;
      do {
        await sleep(10);
        followed = await engine.post("/api/follow", { objects: [{ bucket, key, versionId }] }, Followed);
      } while (!followed.settled);
      const started = followed.objects[0]?.[0]?.startedAt ?? "";
      measured.push(Date.parse(started) - begun);
    }
    return measured;
  } finally {
    objects.close();
  }
}
