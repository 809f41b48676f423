import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { ObjectHead } from "../../../core/io/ports.ts";
import { isFailure } from "../../../core/model/failures.ts";
import type { TaskContext } from "../../../core/task.ts";
import {
  CODE_VERSION,
  knownVersion,
  progressOf,
  recordVersion,
  waitForCommit,
  type CourseVersion,
  type KnownVersion,
} from "./course-versions.ts";
import { extractCourse, type ExtractedCourse } from "./extract.ts";
import { contentKey, courseXmlAsset, processedKeys, type LandedExport } from "./landing-keys.ts";
import { quarantineMembers } from "./quarantine.ts";
import { digestOf, readArchive, type CourseArchive } from "./read-archive.ts";
import { stageRows } from "./stage-rows.ts";
import { tablesOf } from "./tables.ts";

export interface CourseOutcome {
  /** `staged`: there is something to commit or to announce. `unchanged`: nothing is. */
  readonly outcome: "staged" | "unchanged";
  readonly reason?: "same_content" | "superseded";
  /** Key of the commit plan in the artifacts bucket; only when staged. */
  readonly planKey?: string;
  readonly asset: string;
  /** Course id. */
  readonly partition: string;
  /** Content digest. */
  readonly dataVersion: string;
  readonly codeVersion: string;
  /** Key of the archive in the landing bucket. */
  readonly contentPath: string;
  readonly deployment: string;
  /** Reachable blocks by type. */
  readonly counts: Readonly<Record<string, number>>;
  readonly tables: readonly string[];
  readonly sha256: string;
  readonly bytes: number;
  readonly warnings: readonly string[];
}

export interface LandedArchive {
  /** Local path of the bytes. */
  readonly file: string;
  readonly head: ObjectHead;
  readonly landed: LandedExport;
  /** Empty directory for spooling, removed by the caller. */
  readonly folder: string;
}

type Context = Pick<TaskContext, "io" | "settings" | "run" | "log">;

/** The output of a step stays small: the machine carries it from state to state. */
const MAX_WARNINGS = 20;
const MAX_WARNING_CHARS = 300;
/** Archives of one course that land together stage one after another. */
const MAX_RACES = 5;

export async function processArchive(input: LandedArchive, context: Context): Promise<CourseOutcome> {
  const archive = await readArchive(input.file, input.folder);
  try {
    const { landed, head, folder } = input;
    const origin = { deployment: landed.deployment.id, retrievedAt: head.lastModified.toISOString() };
    const course = await extractCourse(archive, origin, folder);
    const work = new CourseWork({ ...input, archive, course, digest: await digestOf(archive) }, context);
    await quarantineMembers(
      context.io,
      context.settings.buckets.quarantine,
      { head, sha256: archive.sha256 },
      course,
      landed.deployment.id,
      archive.spool,
    );
    for (let race = 1; ; race += 1) {
      try {
        return await work.decide();
      } catch (error) {
        const lostRace = isFailure(error) && error.name === "Conflict" && error.code === "stale_item";
        if (!lostRace || race >= MAX_RACES) throw error;
      }
    }
  } finally {
    await archive.spool.close();
  }
}

interface Work extends LandedArchive {
  readonly archive: CourseArchive;
  readonly course: ExtractedCourse;
  readonly digest: string;
}

class CourseWork {
  readonly #work: Work;
  readonly #context: Context;

  constructor(work: Work, context: Context) {
    this.#work = work;
    this.#context = context;
  }

  async decide(): Promise<CourseOutcome> {
    const { landed, head, course, digest } = this.#work;
    const { ledger } = this.#context.io;
    const known = await knownVersion(ledger, landed.deployment.id, course.key.id);
    if (known === undefined) return this.#stage(undefined);
    const { version } = known;
    if (version.contentDigest === digest && version.codeVersion === CODE_VERSION) {
      const progress = await progressOf(ledger, landed.deployment, course.key.id, version);
      if (progress === "announced") return this.#outcome(version, { outcome: "unchanged", reason: "same_content" });
      if (progress === "committed")
        return this.#outcome(version, { outcome: "staged", planKey: planKey(version.planId) });
      return this.#stage(known);
    }
    if (version.contentDigest !== digest && Date.parse(version.landedAt) > head.lastModified.getTime()) {
      return this.#outcome(this.#version(version.generation), { outcome: "unchanged", reason: "superseded" });
    }
    await waitForCommit(ledger, version);
    return this.#stage(known);
  }

  async #stage(known: KnownVersion | undefined): Promise<CourseOutcome> {
    const { course, landed, archive, digest, folder } = this.#work;
    const { io, settings, run } = this.#context;
    const same = known?.version.sha256 === archive.sha256 && known.version.codeVersion === CODE_VERSION;
    const version = same ? known.version : this.#version((known?.version.generation ?? 0) + 1);
    await this.#putObjects(version.contentPath);
    const plan = await stageRows(
      course,
      {
        planId: version.planId,
        deployment: landed.deployment.id,
        sha256: archive.sha256,
        retrievedAt: this.#work.head.lastModified.toISOString(),
        runId: run.id,
        folder,
      },
      io,
      settings,
    );
    await io.objects.put(settings.buckets.artifacts, planKey(version.planId), JSON.stringify(plan), {
      contentType: "application/json",
    });
    await recordVersion(io.ledger, landed.deployment.id, course.key.id, version, known);
    return this.#outcome(version, { outcome: "staged", planKey: planKey(version.planId) });
  }

  /** Objects by content are written once; only the manifest is a pointer and changes. */
  async #putObjects(contentPath: string): Promise<void> {
    const { archive, course, landed, file, digest } = this.#work;
    const { objects } = this.#context.io;
    const bucket = this.#context.settings.buckets.landing;
    const { manifest } = course.assets;
    const keys = processedKeys(landed.deployment.id, course.key.id, archive.sha256, manifest.data_version);
    await objects.put(bucket, contentPath, createReadStream(file), {
      ifAbsent: true,
      contentType: "application/gzip",
      // Metadata is ASCII; Open edX allows letters of any script in a key.
      metadata: { course_id: encodeURI(course.key.id), object_key: encodeURI(contentPath), content_digest: digest },
    });
    const json = { ifAbsent: true, contentType: "application/json" };
    const rows = [
      "course_metadata",
      "course_video",
      "course_xml_blocks",
      "course_blocks",
      "course_policy",
      "course_signatories",
    ] as const;
    for (const entity of rows)
      await objects.put(bucket, keys[entity], createReadStream(course.rows[entity].path), json);
    const bundle = { ifAbsent: true, contentType: "application/gzip" };
    await objects.put(bucket, keys.bundle, createReadStream(course.bundlePath), bundle);
    await objects.put(bucket, keys.manifest, JSON.stringify(manifest), { contentType: "application/json" });
  }

  #version(generation: number): CourseVersion {
    const { archive, course, landed, head, digest } = this.#work;
    const deployment = landed.deployment.id;
    const identity = [deployment, course.key.id, archive.sha256, CODE_VERSION, generation];
    return {
      contentDigest: digest,
      sha256: archive.sha256,
      codeVersion: CODE_VERSION,
      generation,
      planId: `course-${createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 40)}`,
      tables: tablesOf(deployment).map(({ table }) => `raw.${table}`),
      contentPath: contentKey(deployment, course.key.id, archive.sha256),
      counts: course.counts,
      landedAt: head.lastModified.toISOString(),
      stagedAt: new Date().toISOString(),
    };
  }

  #outcome(version: CourseVersion, result: Pick<CourseOutcome, "outcome" | "reason" | "planKey">): CourseOutcome {
    const { course, landed, archive, head } = this.#work;
    return {
      ...result,
      asset: courseXmlAsset(landed.deployment.id),
      partition: course.key.id,
      dataVersion: version.contentDigest,
      codeVersion: version.codeVersion,
      contentPath: version.contentPath,
      deployment: landed.deployment.id,
      counts: course.counts,
      tables: version.tables,
      sha256: archive.sha256,
      bytes: head.sizeBytes,
      warnings: this.#warnings(),
    };
  }

  #warnings(): string[] {
    const { course, landed } = this.#work;
    const { warnings } = course;
    const other = landed.name.startsWith("course-v1:") && landed.name !== course.key.id;
    const all = other ? [`The file is named ${landed.name} and holds ${course.key.id}.`, ...warnings] : warnings;
    const shown = all.slice(0, MAX_WARNINGS).map((warning) => warning.slice(0, MAX_WARNING_CHARS));
    return all.length > shown.length
      ? [...shown, `${all.length - shown.length} further warnings are not shown.`]
      : shown;
  }
}

const planKey = (planId: string): string => `commits/${planId}.json`;
