import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { Failure } from "../../core/model/failures.ts";
import { deployments } from "../openedx/sources/deployments.ts";
import { newestDelivery, readDelivery } from "./delivery.ts";

export interface CurrentContent {
  readonly deployment: string;
  readonly courseId: string;
  /** Key of the archive in the landing bucket. */
  readonly contentPath: string;
  /** Content digest. */
  readonly dataVersion: string;
}

/** `pk delivery-file, sk <landed key>`: the course that a file held whose name says otherwise. */
const FILES = "delivery-file";
const Held = z.object({ courseId: z.string() });
const Body = z.object({ content_path: z.string() });

/** Remembers whose content came under a key, so that it can be sent again by the name of its file. */
export async function rememberFile(ledger: Ledger, key: string, courseId: string): Promise<void> {
  if (exportOf(key)?.name === courseId) return;
  await ledger.write([{ put: { pk: FILES, sk: key, data: { courseId } }, if: { any: true } }]);
}

/**
 * The newest version that MIT Learn was told of, or should have been, of the course whose export landed under a key;
 * whichever file it came in. Throws Rejected `not_a_course_export`, `never_announced`, `course_unknown`.
 */
export async function currentContent(ledger: Ledger, key: string): Promise<CurrentContent> {
  const landed = exportOf(key);
  if (landed === undefined) {
    throw refused("not_a_course_export", `${key} is no course export.`, "Give the key that the export landed under.");
  }
  const { deployment, name } = landed;
  if (!deployment.announcesContent) {
    throw refused(
      "never_announced",
      `MIT Learn is never told of content of ${deployment.id}: there is nothing to send again.`,
      "lambdas/openedx/sources/deployments.ts says whose content is announced.",
    );
  }
  const held = Held.safeParse((await ledger.get(FILES, key))?.data);
  const courseId = held.success ? held.data.courseId : name;
  const newest = await newestDelivery(ledger, deployment.id, courseId);
  const delivery = newest === undefined ? undefined : await readDelivery(ledger, newest.key);
  if (delivery === undefined) {
    throw refused(
      "course_unknown",
      `MIT Learn was never told of ${courseId} of ${deployment.id}.`,
      "Run it with mode missing-only: that goes on from what was done, and tells MIT Learn.",
    );
  }
  const { content_path: contentPath } = Body.parse(JSON.parse(delivery.body));
  return { deployment: deployment.id, courseId, contentPath, dataVersion: delivery.version };
}

function exportOf(key: string) {
  const deployment = deployments.find(({ coursePrefix }) => coursePrefix !== undefined && key.startsWith(coursePrefix));
  if (deployment === undefined) return undefined;
  const name = key.slice(deployment.coursePrefix?.length ?? 0).replace(/(\.xml)?\.(tar\.gz|tgz|tar)$/, "");
  return { deployment, name };
}

const refused = (code: string, message: string, hint: string): Failure =>
  new Failure("Rejected", message, { code, what: "tell MIT Learn once more of a course's content", hint });
