import { createHash } from "node:crypto";
import type { ObjectHead } from "../../../core/io/ports.ts";
import type { BackfillMode } from "../../../core/model/backfills/mode.ts";
import { isFailure } from "../../../core/model/failures.ts";
import type { TaskContext } from "../../../core/task.ts";
import { exportRecord, publishedVersionOf } from "../course-export/export-record.ts";
import { COURSE_ARCHIVE_CODE } from "../sources/code-versions.ts";
import { knownVersion, progressOf, recordVersion, type CourseVersion, type KnownVersion } from "./course-versions.ts";
import { outcomeOf, type CourseOutcome } from "./course-outcome.ts";
import { courseKeyOf, extractCourse, type ExtractedCourse } from "./extract.ts";
import { landCourse } from "./land-course.ts";
import { exportedId, refuseOtherCourse } from "./named-course.ts";
import { contentKey, planKey, type LandedExport } from "./landing-keys.ts";
import { quarantineMembers } from "./quarantine.ts";
import { digestOf, readArchive, type CourseArchive } from "./read-archive.ts";
import { reloadCourse } from "./reload-course.ts";
import { stageRows } from "./stage-rows.ts";
import { tablesOf } from "./tables.ts";

export interface LandedArchive {
  /** Local path of the bytes. */
  readonly file: string;
  readonly head: ObjectHead;
  readonly landed: LandedExport;
  /** Empty directory for spooling, removed by the caller. */
  readonly folder: string;
  readonly mode: BackfillMode;
}

type Context = Pick<TaskContext, "io" | "settings" | "run" | "log">;

/** Archives of one course that land together stage one after another. */
const MAX_RACES = 5;

export async function processArchive(input: LandedArchive, context: Context): Promise<CourseOutcome> {
  const archive = await readArchive(input.file, input.folder);
  try {
    const { landed, head, folder } = input;
    const { deployment } = landed;
    const key = await courseKeyOf(archive);
    refuseOtherCourse(landed.name, key);
    const digest = await digestOf(archive);
    const known = await knownVersion(context.io.ledger, deployment.id, key.id);
    if (known !== undefined && isSame(known.version, digest)) {
      const found = { version: known.version, key, landed, archive, head, warnings: [] };
      if (!repeats(known.version, input.mode, context.run.id)) {
        const progress = await progressOf(context.io.ledger, deployment, key.id, known.version);
        if (progress === "announced") return outcomeOf(found, { outcome: "unchanged", reason: "same_content" });
      } else if (input.mode === "reload") {
        const course = { deployment: deployment.id, courseId: key.id };
        const version = await reloadCourse(course, known, context);
        if (version !== undefined) {
          return outcomeOf({ ...found, version }, { outcome: "staged", planKey: planKey(version.planId) });
        }
      }
    }
    const origin = { deployment: deployment.id, retrievedAt: head.lastModified.toISOString() };
    const course = await extractCourse(archive, origin, folder);
    const bytes = { head, sha256: archive.sha256 };
    const { quarantine } = context.settings.buckets;
    await quarantineMembers(context.io, quarantine, bytes, course, deployment.id, archive.spool);
    const record = await exportRecord(context.io.ledger, deployment.id, exportedId(landed.name, key));
    const publishedVersion = publishedVersionOf(record, head);
    const work = { ...input, archive, course, digest, publishedVersion };
    return await settle(new CourseWork(work, context));
  } finally {
    await archive.spool.close();
  }
}

async function settle(work: CourseWork): Promise<CourseOutcome> {
  for (let race = 1; ; race += 1) {
    try {
      return await work.decide();
    } catch (error) {
      const lostRace = isFailure(error) && error.name === "Conflict" && error.code === "stale_item";
      if (!lostRace || race >= MAX_RACES) throw error;
    }
  }
}

const isSame = (version: CourseVersion, digest: string): boolean =>
  version.contentDigest === digest && version.codeVersion === COURSE_ARCHIVE_CODE;

/** What a run was asked to do again is done once it is on record: its later attempts go on from there. */
const repeats = (version: CourseVersion, mode: BackfillMode, run: string): boolean =>
  mode !== "missing-only" && version.run !== run;

interface Work extends LandedArchive {
  readonly archive: CourseArchive;
  readonly course: ExtractedCourse;
  readonly digest: string;
  readonly publishedVersion: string | undefined;
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
    if (isSame(version, digest)) {
      if (repeats(version, this.#work.mode, this.#context.run.id)) {
        return this.#stage(known, { ...this.#version(version.generation + 1), repeated: true });
      }
      const progress = await progressOf(ledger, landed.deployment, course.key.id, version);
      if (progress === "announced") return this.#outcome(version, { outcome: "unchanged", reason: "same_content" });
      if (progress === "committed")
        return this.#outcome(version, { outcome: "staged", planKey: planKey(version.planId) });
      return this.#stage(known);
    }
    if (version.contentDigest !== digest && Date.parse(version.landedAt) > head.lastModified.getTime()) {
      return this.#outcome(this.#version(version.generation), { outcome: "unchanged", reason: "superseded" });
    }
    return this.#stage(known);
  }

  async #stage(known: KnownVersion | undefined, wanted?: CourseVersion): Promise<CourseOutcome> {
    const { course, landed, archive, digest, folder } = this.#work;
    const { io, settings, run } = this.#context;
    const same = known?.version.sha256 === archive.sha256 && known.version.codeVersion === COURSE_ARCHIVE_CODE;
    const version = wanted ?? (same ? known.version : this.#version((known?.version.generation ?? 0) + 1));
    const { contentPath, publishedVersion } = version;
    const content = {
      ...{ file: this.#work.file, contentPath, sha256: archive.sha256, digest },
      ...(publishedVersion === undefined ? {} : { publishedVersion }),
    };
    await landCourse(io.objects, settings.buckets.landing, landed.deployment.id, course, content);
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
    return this.#record(version, known);
  }

  async #record(version: CourseVersion, known: KnownVersion | undefined): Promise<CourseOutcome> {
    const { course, landed } = this.#work;
    await recordVersion(this.#context.io.ledger, landed.deployment.id, course.key.id, version, known);
    return this.#outcome(version, { outcome: "staged", planKey: planKey(version.planId) });
  }

  #version(generation: number): CourseVersion {
    const { archive, course, landed, head, digest, publishedVersion } = this.#work;
    const deployment = landed.deployment.id;
    const identity = [deployment, course.key.id, archive.sha256, COURSE_ARCHIVE_CODE, generation];
    return {
      contentDigest: digest,
      sha256: archive.sha256,
      codeVersion: COURSE_ARCHIVE_CODE,
      generation,
      planId: `course-${createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 40)}`,
      tables: tablesOf(deployment).map(({ table }) => `raw.${table}`),
      contentPath: contentKey(deployment, course.key.id, archive.sha256),
      counts: course.counts,
      landedAt: head.lastModified.toISOString(),
      stagedAt: new Date().toISOString(),
      run: this.#context.run.id,
      ...(publishedVersion === undefined ? {} : { publishedVersion }),
    };
  }

  #outcome(version: CourseVersion, result: Pick<CourseOutcome, "outcome" | "reason" | "planKey">): CourseOutcome {
    const { course, landed, archive, head } = this.#work;
    return outcomeOf({ version, key: course.key, landed, archive, head, warnings: course.warnings }, result);
  }
}
