import { createHash } from "node:crypto";
import type { Io } from "../../../core/io/ports.ts";
import { stagedKey, type DropKey } from "../drop/drop-record.ts";
import { readCredentials } from "../mysql/credentials.ts";
import type { DropDeployment } from "../sources/deployments.ts";
import { readForumDump, writeForumDump, type ForumDump } from "./forum-record.ts";
import { openMongoForum } from "./mongo.ts";
import { readMongoCredentials } from "./mongo-credentials.ts";
import { openMysqlForum } from "./mysql-v2.ts";
import { writeCollection, type WrittenFile } from "./write-collection.ts";

export interface DumpOptions {
  readonly io: Pick<Io, "objects" | "ledger" | "secrets">;
  readonly deployment: Pick<DropDeployment, "id" | "forum">;
  readonly drop: DropKey & { readonly dropId: string };
  readonly bucket: string;
  /** Throws when somebody else may be dumping the same. */
  readonly check: () => Promise<void>;
}

/** Dumps the forum of an installation as a whole; one that was dumped already for the drop is as it is. */
export async function dumpForum({ io, deployment, drop, bucket, check }: DumpOptions): Promise<ForumDump> {
  const done = await readForumDump(io.ledger, drop, drop.dropId);
  if (done !== undefined) return done;
  const { id, forum: backend } = deployment;
  const forum =
    backend === "mongo"
      ? await openMongoForum((fresh) => readMongoCredentials(io.secrets, id, fresh))
      : await openMysqlForum((fresh) => readCredentials(io.secrets, id, fresh));
  const files: WrittenFile[] = [];
  try {
    const place = { bucket, keyOf: (name: string) => stagedKey(drop, drop.dropId, name) };
    for await (const collection of forum.collections())
      files.push(...(await writeCollection(io.objects, collection, place, check)));
  } finally {
    await forum.close();
  }
  const digest = createHash("sha256");
  for (const { name, documents, sha256 } of files) if (documents !== undefined) digest.update(`${name} ${sha256}\n`);
  const dump = { backend, snapshotTime: forum.snapshotTime, digest: digest.digest("hex"), files };
  await writeForumDump(io.ledger, drop, drop.dropId, dump);
  return dump;
}
