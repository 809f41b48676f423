import { Failure } from "../model/failures.ts";
import type { OriginDeclaration } from "../model/origins.ts";
import type { Origin } from "./origins/origin.ts";
import type { Io } from "./ports.ts";
import type { Settings } from "./settings.ts";

export type { Origin, OriginObject } from "./origins/origin.ts";

export interface OpenedOrigin {
  readonly origin: Origin;
  readonly declared: OriginDeclaration;
}

/**
 * The store that the environment has declared under a name; nothing is asked yet. Throws Misconfigured
 * `origin_missing`. Each adapter is loaded where it is used.
 */
export async function openOrigin(
  {
    io,
    settings,
  }: { readonly io: Pick<Io, "objects" | "secrets">; readonly settings: Pick<Settings, "origins" | "embedded"> },
  id: string,
): Promise<OpenedOrigin> {
  const own = settings.embedded === undefined ? {} : await ownOrigins(settings.embedded.stateDir);
  const declared = own[id] ?? settings.origins?.[id];
  if (declared === undefined) throw missing(id, settings);
  return { declared, origin: await opened(id, declared, io, settings) };
}

async function opened(
  id: string,
  declared: OriginDeclaration,
  { objects, secrets }: Pick<Io, "objects" | "secrets">,
  { embedded }: Pick<Settings, "embedded">,
): Promise<Origin> {
  switch (declared.kind) {
    case "gcs":
      return (await import("./origins/gcs.ts")).gcsOrigin(id, declared, { secrets });
    case "http":
      return (await import("./origins/web.ts")).webOrigin(id, declared);
    case "s3": {
      const { bucketOrigin } = await import("./origins/bucket.ts");
      const { bucket, region, roleArn } = declared;
      // On one machine a bucket is a folder of its own store.
      if (embedded !== undefined || roleArn === undefined) return bucketOrigin(id, bucket, objects, { copies: true });
      const [{ awsObjects }, { assumedRole }] = await Promise.all([
        import("./aws/objects.ts"),
        import("./aws/assumed-role.ts"),
      ]);
      const theirs = awsObjects({ credentials: assumedRole(roleArn), ...(region === undefined ? {} : { region }) });
      // The role is theirs: it writes nothing to our buckets, so the bytes pass through us.
      return bucketOrigin(id, bucket, theirs, { copies: false });
    }
  }
}

const ownOrigins = async (stateDir: string) => (await import("./embedded/origins.ts")).embeddedOrigins(stateDir);

const missing = (id: string, { embedded }: Pick<Settings, "embedded">): Failure =>
  new Failure("Misconfigured", `The origin "${id}" is not declared.`, {
    code: "origin_missing",
    what: `read the origin ${id}`,
    hint:
      embedded === undefined
        ? "Declare it for this environment in bin/environments.ts and deploy; docs/sources.md says how."
        : `Declare it in ${embedded.stateDir}/origins.json; docs/sources.md says how.`,
  });
