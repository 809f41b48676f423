import * as z from "zod";
import { Failure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { contentFilesBody } from "./body.ts";
import { contentSources } from "./content-sources.ts";
import { currentContent, rememberFile } from "./current-content.ts";
import { deliver, type DeliveryOutcome } from "./deliver.ts";
import { CONTENT_FILES_ROUTE } from "./delivery-key.ts";
import { learnTarget } from "./target.ts";

const News = z.looseObject({
  /** Whose content: an id of content-sources.ts. */
  deployment: z.string().min(1),
  /** `course-v1:<org>+<course>+<run>`, of edx.org `<org>-<course>-<run>`. */
  courseId: z.string().min(1),
  /** What the deliveries are about; absent = the course id. */
  subject: z.string().min(1).exactOptional(),
  /** Key of the archive in the landing bucket. */
  contentPath: z.string().min(1),
  /** Content digest. */
  dataVersion: z.string().min(1),
  /** Under which the export landed; absent = the run is about an item. */
  key: z.string().min(1).exactOptional(),
});
/** What is current of the course that landed under this key, or that is this item, is sent once more. */
const Again = z.union([
  z.looseObject({ mode: z.literal("redeliver"), key: z.string().min(1) }),
  z.looseObject({
    mode: z.literal("redeliver"),
    item: z.object({ asset: z.string().min(1), partition: z.string().min(1) }),
  }),
]);
const Input = z.union([Again, News]);

export const handler = task({ name: "NotifyLearn", input: Input, run: notifyLearn });

type Content = Pick<
  z.infer<typeof News>,
  "deployment" | "courseId" | "subject" | "contentPath" | "dataVersion" | "key"
>;
type Skipped = { readonly outcome: "skipped"; readonly reason: string };

/** Tells MIT Learn of a new course archive, once per course and content version; or once more, when a person wants it. */
export async function notifyLearn(
  input: z.infer<typeof Input>,
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
): Promise<DeliveryOutcome | Skipped> {
  const again = Again.safeParse(input);
  const content: Content = again.success ? await currentContent(io.ledger, again.data) : News.parse(input);
  const { deployment, courseId, subject = courseId, contentPath, dataVersion, key } = content;
  const known = contentSources.find(({ id }) => id === deployment);
  if (known === undefined) throw unknownDeployment(deployment);
  if (!known.announced) return { outcome: "skipped", reason: `content of ${deployment} is not announced` };
  const target = await learnTarget(io.secrets, settings.environment);
  if (
    contentPath.startsWith("/") ||
    (await io.objects.head({ bucket: settings.buckets.landing, key: contentPath })) === undefined
  ) {
    throw contentMissing(contentPath);
  }
  if (key !== undefined) await rememberFile(io.ledger, key, courseId);
  return deliver(io.ledger, target, {
    route: CONTENT_FILES_ROUTE,
    source: known.learnSource,
    subject,
    contentDigest: dataVersion,
    body: contentFilesBody({ courseId, contentPath: known.pathPrefix + contentPath, source: known.learnSource }),
    askedAt: run.startedAt,
    holder: `${run.id}/${run.state}/${run.attempt}`,
    ...(again.success ? { again: run.id } : {}),
  });
}

const unknownDeployment = (name: string): Failure =>
  new Failure(
    "Misconfigured",
    `"${name}" is no deployment; known are ${contentSources.map(({ id }) => id).join(", ")}.`,
    {
      code: "unknown_deployment",
      what: "tell MIT Learn of new content",
      hint: "Declare it where lambdas/learn-webhook/content-sources.ts finds it, or correct the run's input.",
    },
  );

const contentMissing = (path: string): Failure =>
  new Failure("Rejected", `There is no archive at ${path}: MIT Learn would be told of nothing.`, {
    code: "upstream_object_missing",
    what: "tell MIT Learn of new content",
    hint: "Land the course export again.",
    details: { contentPath: path },
  });
