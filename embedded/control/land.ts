import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { ENV } from "../../core/io/settings.ts";
import type { LandedObject } from "./follow.ts";

/** The setting that names the bucket where files land. */
export const ENV_LANDING = ENV.landing;

export interface Landed extends LandedObject {
  readonly sha256: string;
  readonly bytes: number;
}

/** Puts local files into a bucket of the state folder, streaming. The engine sees them as it sees any other put. */
export async function landFiles(
  stateDir: string,
  bucket: string,
  files: readonly { readonly path: string; readonly key: string }[],
  onLanded: (landed: Landed) => void,
): Promise<Landed[]> {
  const objects = embeddedObjects(stateDir);
  try {
    const landed: Landed[] = [];
    for (const { path, key } of files) {
      const digest = createHash("sha256");
      const tee = new Transform({
        transform(chunk: Buffer, _, done) {
          digest.update(chunk);
          done(null, chunk);
        },
      });
      const source = createReadStream(path);
      source.on("error", (error) => tee.destroy(error));
      const { head } = await objects.put(bucket, key, source.pipe(tee));
      const one = { bucket, key, versionId: head.versionId, sha256: digest.digest("hex"), bytes: head.sizeBytes };
      landed.push(one);
      onLanded(one);
    }
    return landed;
  } finally {
    objects.close();
  }
}
