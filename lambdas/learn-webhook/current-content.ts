import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { Failure } from "../../core/model/failures.ts";
import { contentSources, type ContentItem, type ContentSource } from "./content-sources.ts";
import { newestDelivery, readDelivery } from "./delivery.ts";

export interface CurrentContent {
  readonly deployment: string;
  readonly courseId: string;
  /** What its deliveries are about. */
  readonly subject: string;
  /** Key of the archive in the landing bucket. */
  readonly contentPath: string;
  /** Content digest. */
  readonly dataVersion: string;
}

/** `pk delivery-file, sk <landed key>`: the course that a file held whose name says otherwise. */
const FILES = "delivery-file";
const Held = z.object({ courseId: z.string() });
const Body = z.object({ course_id: z.string(), content_path: z.string() });

/** Remembers whose content came under a key, so that it can be sent again by the name of its file. */
export async function rememberFile(ledger: Ledger, key: string, courseId: string): Promise<void> {
  if (exportOf(key)?.name === courseId) return;
  await ledger.write([{ put: { pk: FILES, sk: key, data: { courseId } }, if: { any: true } }]);
}

/**
 * The newest version that MIT Learn was told of, or should have been, of the course that an item is, or whose export
 * landed under a key, whichever file it came in. Throws Rejected `not_a_course_export`, `never_announced`,
 * `course_unknown`, `course_deleted`.
 */
export async function currentContent(
  ledger: Ledger,
  of: { readonly key: string } | { readonly item: ContentItem },
): Promise<CurrentContent> {
  const { source, subject } = "item" in of ? itemOf(of.item) : await exportedAs(ledger, of.key);
  if (!source.announced) {
    throw refused(
      "never_announced",
      `MIT Learn is never told of content of ${source.id}: there is nothing to send again.`,
      "The sources of lambdas/openedx and lambdas/edxorg say whose content is announced.",
    );
  }
  const newest = await newestDelivery(ledger, source.learnSource, subject);
  const delivery = newest === undefined ? undefined : await readDelivery(ledger, newest.key);
  if (delivery === undefined) {
    throw refused(
      "course_unknown",
      `MIT Learn was never told of ${subject} of ${source.id}.`,
      "Run it with mode missing-only: that goes on from what was done, and tells MIT Learn.",
    );
  }
  const body = Body.safeParse(JSON.parse(delivery.body));
  if (!body.success) {
    throw refused(
      "course_deleted",
      `MIT Learn was told last to delete ${subject} of ${source.id}.`,
      "Land its export again: then it is announced.",
    );
  }
  const { course_id: courseId, content_path: path } = body.data;
  const contentPath = path.slice(source.pathPrefix.length);
  return { deployment: source.id, courseId, subject, contentPath, dataVersion: delivery.version };
}

interface Subject {
  readonly source: ContentSource;
  readonly subject: string;
}

function itemOf(item: ContentItem): Subject {
  const source = contentSources.find(({ holds }) => holds(item));
  if (source !== undefined) return { source, subject: item.partition };
  throw refused("not_a_course_export", `${item.asset} is no content of courses.`, "Give an item of one that is.");
}

async function exportedAs(ledger: Ledger, key: string): Promise<Subject> {
  const landed = exportOf(key);
  if (landed === undefined) {
    throw refused("not_a_course_export", `${key} is no course export.`, "Give the key that the export landed under.");
  }
  const held = Held.safeParse((await ledger.get(FILES, key))?.data);
  return { source: landed.source, subject: held.success ? held.data.courseId : landed.name };
}

function exportOf(key: string): { readonly source: ContentSource; readonly name: string } | undefined {
  const source = contentSources.find(({ coursePrefix }) => coursePrefix !== undefined && key.startsWith(coursePrefix));
  if (source === undefined) return undefined;
  const name = key.slice(source.coursePrefix?.length ?? 0).replace(/(\.xml)?\.(tar\.gz|tgz|tar)$/, "");
  return { source, name };
}

const refused = (code: string, message: string, hint: string): Failure =>
  new Failure("Rejected", message, { code, what: "tell MIT Learn once more of a course's content", hint });
