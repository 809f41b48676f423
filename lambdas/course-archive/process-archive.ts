import { createHash } from "node:crypto";
import type { ObjectHead } from "../../core/io/ports.ts";
import type { BackfillMode } from "../../core/model/backfills/mode.ts";
import { isFailure } from "../../core/model/failures.ts";
import type { TaskContext } from "../../core/task.ts";
import { COURSE_ARCHIVE_CODE } from "../openedx/sources/code-versions.ts";
import { knownVersion, progressOf, recordVersion, type CourseVersion, type KnownVersion } from "./course-versions.ts";
import { outcomeOf, type CourseOutcome } from "./course-outcome.ts";
import { courseKeyOf, extractCourse, type ExtractedCourse } from "./extract.ts";
import { landCourse } from "./land-course.ts";
import type { CourseHome } from "./course-home.ts";
import { planKey } from "../staged-rows/plan-key.ts";
import { quarantineMembers } from "./quarantine.ts";
import { digestOf, readArchive, type CourseArchive } from "./read-archive.ts";
import { reloadCourse } from "./reload-course.ts";
import { stageRows } from "./stage-rows.ts";

export interface LandedArchive {
  /** Local path of the bytes. */
  readonly file: string;
  readonly head: ObjectHead;
  readonly home: CourseHome;
  /** When this content came: older content that comes late does not take its place. */
  readonly arrivedAt: Date;
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
    const { home, head, folder } = input;
    const key = await courseKeyOf(archive);
    home.check(key);
    const courseId = home.courseId(key);
    const digest = await digestOf(archive);
    const known = await knownVersion(context.io.ledger, home.id, courseId);
    if (known !== undefined && isSame(known.version, digest)) {
      const found = { version: known.version, key, home, archive, head, warnings: [] };
      if (!repeats(known.version, input.mode, context.run.id)) {
        const progress = await progressOf(context.io.ledger, home, courseId, known.version);
        if (progress === "announced") return outcomeOf(found, { outcome: "unchanged", reason: "same_content" });
      } else if (input.mode === "reload") {
        const version = await reloadCourse({ home: home.id, courseId }, known, context);
        if (version !== undefined) {
          return outcomeOf({ ...found, version }, { outcome: "staged", planKey: planKey(version.planId) });
        }
      }
    }
    const { source_system: sourceSystem } = home.origin(courseId);
    const origin = { sourceSystem, retrievedAt: input.arrivedAt.toISOString() };
    const course = await extractCourse(archive, origin, folder);
    const bytes = { head, sha256: archive.sha256 };
    const { quarantine } = context.settings.buckets;
    await quarantineMembers(context.io, quarantine, bytes, course, { id: home.id, courseId }, archive.spool);
    const publishedVersion = await home.publishedVersion(context.io, key, head);
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
    const { home, arrivedAt, course, digest } = this.#work;
    const { ledger } = this.#context.io;
    const courseId = home.courseId(course.key);
    const known = await knownVersion(ledger, home.id, courseId);
    if (known === undefined) return this.#stage(undefined);
    const { version } = known;
    if (isSame(version, digest)) {
      if (repeats(version, this.#work.mode, this.#context.run.id)) {
        return this.#stage(known, { ...this.#version(version.generation + 1), repeated: true });
      }
      const progress = await progressOf(ledger, home, courseId, version);
      if (progress === "announced") return this.#outcome(version, { outcome: "unchanged", reason: "same_content" });
      if (progress === "committed")
        return this.#outcome(version, { outcome: "staged", planKey: planKey(version.planId) });
      return this.#stage(known);
    }
    if (version.contentDigest !== digest && Date.parse(version.landedAt) > arrivedAt.getTime()) {
      return this.#outcome(this.#version(version.generation), { outcome: "unchanged", reason: "superseded" });
    }
    return this.#stage(known);
  }

  async #stage(known: KnownVersion | undefined, wanted?: CourseVersion): Promise<CourseOutcome> {
    const { course, home, head, file, archive, digest, folder } = this.#work;
    const { io, settings, run } = this.#context;
    const same = known?.version.sha256 === archive.sha256 && known.version.codeVersion === COURSE_ARCHIVE_CODE;
    const version = wanted ?? (same ? known.version : this.#version((known?.version.generation ?? 0) + 1));
    const { contentPath, publishedVersion } = version;
    const content = {
      ...(contentPath === head.key ? {} : { file }),
      ...{ contentPath, sha256: archive.sha256, digest },
      ...(publishedVersion === undefined ? {} : { publishedVersion }),
    };
    await landCourse(io.objects, settings.buckets.landing, home, course, content);
    const plan = await stageRows(
      course,
      {
        planId: version.planId,
        home,
        sha256: archive.sha256,
        retrievedAt: this.#work.arrivedAt.toISOString(),
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
    const { course, home } = this.#work;
    await recordVersion(this.#context.io.ledger, home.id, home.courseId(course.key), version, known);
    return this.#outcome(version, { outcome: "staged", planKey: planKey(version.planId) });
  }

  #version(generation: number): CourseVersion {
    const { archive, course, home, arrivedAt, digest, publishedVersion } = this.#work;
    const courseId = home.courseId(course.key);
    const identity = [home.id, courseId, archive.sha256, COURSE_ARCHIVE_CODE, generation];
    return {
      contentDigest: digest,
      sha256: archive.sha256,
      codeVersion: COURSE_ARCHIVE_CODE,
      generation,
      planId: `course-${createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 40)}`,
      tables: home.tables.map(({ table }) => `raw.${table}`),
      contentPath: home.contentKey(courseId, archive.sha256),
      counts: course.counts,
      landedAt: arrivedAt.toISOString(),
      stagedAt: new Date().toISOString(),
      run: this.#context.run.id,
      ...(publishedVersion === undefined ? {} : { publishedVersion }),
    };
  }

  #outcome(version: CourseVersion, result: Pick<CourseOutcome, "outcome" | "reason" | "planKey">): CourseOutcome {
    const { course, home, archive, head } = this.#work;
    return outcomeOf({ version, key: course.key, home, archive, head, warnings: course.warnings }, result);
  }
}
