import * as z from "zod";
import { openItems } from "../../core/io/items.ts";
import { Failure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { dropProblems } from "./drop/checks.ts";
import { copyTarballs } from "./archives/copy-tarballs.ts";
import { deploymentOf, DropReference } from "./drop/drop-inputs.ts";
import {
  currentDrop,
  dropCourses,
  readLastComplete,
  sha256Of,
  writeDrop,
  writeLastComplete,
} from "./drop/drop-record.ts";
import { fileRecord, type DoneFile } from "./drop/file-record.ts";
import { forumSince, readForumDump } from "./forum/forum-record.ts";
import { raiseUnchanged } from "./forum/forum-unchanged.ts";
import { isComplete, manifestOf, type TarballEntry } from "./drop/manifest.ts";
import { COURSE_IDS, dropFiles } from "./queries.ts";
import { dropAsset, dropFolder } from "./sources/deployments.ts";

const Input = DropReference.extend({
  /** An operator has looked at the counts: that they are fewer than before is right. */
  acceptCounts: z.boolean().default(false),
});

const MOST_FAILED_TARBALLS = 0.05;

interface Published {
  readonly asset: string;
  readonly partition: string;
  readonly dataVersion: string;
  readonly tables: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly complete: boolean;
  /** Courses whose archive was not there: who watches the drop is told that it is not whole. */
  readonly failed: readonly { readonly key: string; readonly name: string; readonly code: string }[];
}

export const handler = task({ name: "PublishDrop", input: Input, run: publishDrop });

/**
 * Delivers a drop whose files are all ready, or nothing of it: the files, the course archives, `_MANIFEST.json`, and
 * `_SUCCESS` last, which alone tells a reader that the folder is whole. The same again replaces the same.
 *
 * Throws Malformed `drop_implausible` (nothing is delivered) and Rejected `tarballs_missing` (all else is).
 */
export async function publishDrop(
  { acceptCounts, ...reference }: z.infer<typeof Input>,
  { io, settings }: Pick<TaskContext, "io" | "settings">,
): Promise<Published> {
  const { deployment, date, dropId } = reference;
  const known = deploymentOf(deployment);
  const { rev, drop } = await currentDrop(io.ledger, reference);
  const names = [COURSE_IDS.name, ...dropFiles.map(({ name }) => name)];
  const found = await Promise.all(names.map((name) => fileRecord(io.ledger, reference, dropId, name).read()));
  const files = found.flatMap(({ done }) => (done === undefined ? [] : [done]));
  const rows = Object.fromEntries(files.map((file) => [file.name, file.rows]));

  const forum = await readForumDump(io.ledger, reference, dropId);
  const problems = [
    ...dropProblems(rows, acceptCounts ? undefined : await readLastComplete(io.ledger, deployment)),
    ...(forum === undefined ? ["the dump of the forum is not ready"] : []),
  ];
  if (forum === undefined || problems.length > 0) {
    await writeDrop(io.ledger, reference, { ...drop, state: "refused" }, rev);
    throw implausible(deployment, date, problems);
  }

  const { artifacts, landing, drops: bucket } = settings.buckets;
  const folder = `${dropFolder(deployment)}${known.prefix}${date}/`;
  for (const file of [...files, ...forum.files]) {
    const from = { bucket: artifacts, key: file.key };
    const { sizeBytes } = await io.objects.copy(from, bucket, `${folder}${file.name}`, contentTypeOf(file.name));
    if (sizeBytes !== file.bytes) throw sizeDiffers(file, sizeBytes);
  }
  const courses = await dropCourses(io.objects, artifacts, drop);
  const home = { items: openItems(io.ledger), objects: io.objects, landing, deployment: known };
  const tarballs = await copyTarballs(home, courses, { bucket, folder: `${folder}courses/`, now: Date.now() });
  const finished = new Date().toISOString();
  const since = await forumSince(io.ledger, reference, forum.digest);
  const manifest = manifestOf({
    deployment,
    date,
    started: drop.startedAt,
    finished,
    courses: courses.length,
    files,
    tarballs,
    forum,
    forumSince: since,
  });
  const asJson = { contentType: "application/json" };
  await io.objects.put(bucket, `${folder}_MANIFEST.json`, `${JSON.stringify(manifest, null, 2)}\n`, asJson);
  await io.objects.put(bucket, `${folder}_SUCCESS`, "");

  await writeDrop(io.ledger, reference, { ...drop, state: "published" }, rev);
  await raiseUnchanged(io, settings, reference, { since, backend: forum.backend, at: drop.startedAt });
  const complete = isComplete(tarballs);
  if (complete) await writeLastComplete(io.ledger, deployment, { date, rows });
  const failed = tarballs.filter(({ status }) => status === "failed");
  refuseMissing(deployment, tarballs.length, failed);
  return {
    asset: dropAsset(deployment),
    partition: date,
    dataVersion: sha256Of(files.map(({ name, sha256 }) => `${name} ${sha256}\n`).join("")),
    ...{ tables: [], counts: { ...rows, tarballs: tarballs.length }, complete },
    failed: failed.map(({ course }) => ({ key: course, name: "Rejected", code: "archive_missing" })),
  };
}

/** A large object is copied in pieces, which does not keep its type. */
const contentTypeOf = (name: string): { readonly contentType: string } => ({
  contentType: name.endsWith(".csv")
    ? "text/csv"
    : name.endsWith(".json")
      ? "application/json"
      : "application/octet-stream",
});

function refuseMissing(deployment: string, all: number, failed: readonly TarballEntry[]): void {
  if (failed.length <= MOST_FAILED_TARBALLS * all) return;
  throw new Failure("Rejected", `${failed.length} of ${all} course archives of ${deployment} are missing.`, {
    code: "tarballs_missing",
    what: `deliver the course archives of ${deployment}`,
    hint: "The tables are delivered. Let the missing courses be exported, then run the day again.",
    details: { failed: failed.length, sample: failed.slice(0, 20).map(({ course }) => course) },
  });
}

const implausible = (deployment: string, date: string, problems: readonly string[]): Failure =>
  new Failure("Malformed", `The drop of ${deployment} for ${date} is not delivered: ${problems.join("; ")}.`, {
    code: "drop_implausible",
    what: `check the research drop of ${deployment}`,
    hint: 'Look at the database. If the counts are right, run the day again with "acceptCounts": true.',
    details: { problems },
  });

const sizeDiffers = ({ name, bytes }: Pick<DoneFile, "name" | "bytes">, copied: number): Failure =>
  new Failure("Malformed", `The copy of ${name} has ${copied} bytes instead of ${bytes}.`, {
    code: "copy_differs",
    what: `deliver ${name}`,
    hint: "Nothing is announced. Run the day again.",
  });
