import { join } from "node:path";
import { outlineOf, type BlockOutline } from "./block-outline.ts";
import { courseKey, type CourseKey } from "./course-key.ts";
import { JsonLines } from "../staged-rows/json-lines.ts";
import { malformed } from "../archive/malformed.ts";
import { courseDocuments } from "./documents/course-documents.ts";
import { legacyJsonText } from "../../core/model/legacy-json.ts";
import { policyRows, readPolicy } from "./policy.ts";
import type { CourseArchive, Member } from "./read-archive.ts";
import { courseMetadata, courseVideo, courseXmlBlock } from "./rows.ts";
import { bundleStaticAssets, type StaticAssets } from "./static-assets.ts";
import { courseStructure } from "./structure.ts";
import type { CourseEntity } from "./sources/entities.ts";
import { parseXml, type XmlNode } from "./xml.ts";

/** A file of the archive that was refused; the course goes on without it. */
export interface RefusedMember {
  readonly member: Member;
  readonly code: "malformed_xml" | "xml_entities" | "malformed_policy";
  readonly reason: string;
}

export interface ExtractedCourse {
  readonly key: CourseKey;
  /** Reachable blocks by type. */
  readonly counts: Readonly<Record<string, number>>;
  readonly rows: Readonly<Record<CourseEntity, JsonLines>>;
  readonly assets: StaticAssets;
  readonly bundlePath: string;
  readonly refused: readonly RefusedMember[];
  /** One sentence each, for people. */
  readonly warnings: readonly string[];
}

/** XML in these folders is no block: course settings, unpublished work, files of authors. */
const NO_BLOCK_FOLDERS: ReadonlySet<string> = new Set(["course", "drafts", "assets", "static"]);

export interface Origin {
  readonly sourceSystem: string;
  /** ISO 8601, UTC: when the archive landed. */
  readonly retrievedAt: string;
}

/**
 * All rows and files of one course, written into `folder`. Throws Malformed `no_course_xml`, `bad_course_id`,
 * `course_cycle`, or the code of a damaged `course.xml` or `course/<run>.xml`; any other damaged file is reported.
 */
export async function extractCourse(archive: CourseArchive, origin: Origin, folder: string): Promise<ExtractedCourse> {
  const { root, members, spool } = archive;
  const key = await courseKeyOf(archive);
  const course = await definition(archive, `course/${key.run}.xml`);

  const lines = (name: string): JsonLines => new JsonLines(join(folder, `${name}.jsonl`));
  const rows: Record<CourseEntity, JsonLines> = {
    course_metadata: lines("course_metadata"),
    course_video: lines("course_video"),
    course_xml_blocks: lines("course_xml_blocks"),
    course_blocks: lines("course_blocks"),
    course_policy: lines("course_policy"),
    course_signatories: lines("course_signatories"),
    course_static_assets: lines("course_static_assets"),
    course_documents: lines("course_documents"),
    course_transcripts: lines("course_transcripts"),
  };
  const refused: RefusedMember[] = [];
  const warnings: string[] = [];
  const outlines = new Map<string, BlockOutline>();

  await rows.course_metadata.write(courseMetadata(key, course));
  for (const member of members) {
    const inside = insideRoot(member.path, root);
    if (inside === undefined) warnings.push(`${member.path} lies outside the folder ${root} and is not read.`);
    if (inside === undefined || !inside.endsWith(".xml") || inside === "course.xml") continue;
    const folderName = inside.split("/")[0] ?? "";
    if (folderName === "drafts") continue;
    if (folderName === inside) {
      warnings.push(`${member.path} lies beside course.xml; it is listed only.`);
      continue;
    }
    const parsed = parseXml(await spool.read(member));
    if (!parsed.ok) {
      refused.push({ member, code: parsed.code, reason: parsed.reason });
      continue;
    }
    outlines.set(inside.slice(0, -".xml".length), outlineOf(parsed.root));
    if (folderName === "video") await rows.course_video.write(courseVideo(key, parsed.root));
    if (NO_BLOCK_FOLDERS.has(folderName)) continue;
    const block = { key, sourceSystem: origin.sourceSystem, path: member.path, folder: folderName, root: parsed.root };
    await rows.course_xml_blocks.write(courseXmlBlock({ ...block, retrievedAt: origin.retrievedAt }));
  }

  const structure = courseStructure(key, (name) => outlines.get(name));
  for (const block of structure.blocks) await rows.course_blocks.write({ course_id: key.id, ...block });
  if (structure.dangling.length > 0) {
    const named = structure.dangling.slice(0, 5).join(", ");
    warnings.push(`${structure.dangling.length} pointers lead to no file that can be read: ${named}.`);
  }

  refused.push(...(await writePolicies(archive, key, rows)));
  const bundlePath = join(folder, "static-assets.tar.gz");
  const assets = await bundleStaticAssets(members, root, spool, bundlePath);
  const { data_version } = assets.manifest;
  for (const file of assets.manifest.files)
    await rows.course_static_assets.write({ course_id: key.id, ...file, data_version });
  let unread = 0;
  for await (const { entity, row } of courseDocuments(key, root, members, spool)) {
    await rows[entity].write(row);
    if (row.status !== "text" && row.status !== "empty" && row.status !== "no_reader") unread += 1;
  }
  if (unread > 0) warnings.push(`Words of ${unread} files cannot be read: their rows say why.`);
  for (const file of Object.values(rows)) await file.close();

  warnings.unshift(...refused.map(({ member, code, reason }) => `${member.path} is refused (${code}): ${reason}`));
  warnings.push(
    ...assets.withheld.map((path) => `${path} holds secrets and cannot be read: it is left out of the bundle.`),
  );
  return { key, counts: structure.counts, rows, assets, bundlePath, refused, warnings };
}

const insideRoot = (path: string, root: string): string | undefined =>
  path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;

/** The key that `course.xml` states; the name of the file says nothing. */
export const courseKeyOf = async (archive: CourseArchive): Promise<CourseKey> =>
  courseKey(await definition(archive, "course.xml"));

/** A file without which there is no course. */
async function definition({ root, members, spool }: CourseArchive, name: string): Promise<XmlNode> {
  const path = `${root}/${name}`;
  const member = members.find((one) => one.path === path);
  if (member === undefined) throw malformed("no_course_xml", `The archive has no ${path}: it defines no course.`);
  const parsed = parseXml(await spool.read(member));
  if (!parsed.ok) throw malformed(parsed.code, `${path} cannot be read: ${parsed.reason}.`, { member: path });
  return parsed.root;
}

async function writePolicies(
  { root, members, spool }: CourseArchive,
  key: CourseKey,
  rows: Readonly<Record<CourseEntity, JsonLines>>,
): Promise<RefusedMember[]> {
  const prefix = `${root}/policies/${key.run}/`;
  const files = members.filter(({ path }) => path.startsWith(prefix) && path.endsWith(".json"));
  const refused: RefusedMember[] = [];
  const documents = [];
  for (const member of files) {
    const document = readPolicy(await spool.read(member));
    if (document === undefined) refused.push({ member, code: "malformed_policy", reason: "not a JSON object" });
    else documents.push({ name: member.path.slice(prefix.length), document });
  }
  const grading = documents.find(({ name }) => name === "grading_policy.json")?.document;
  for (const { document } of documents) {
    const { policies, signatories } = policyRows(key.id, document, grading);
    for (const row of policies) await rows.course_policy.writeLine(legacyJsonText(row));
    for (const row of signatories) await rows.course_signatories.writeLine(legacyJsonText(row));
  }
  return refused;
}
