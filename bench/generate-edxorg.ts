import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { EDXORG_TABLES } from "../lambdas/edxorg/sources/tables.ts";
import { randomFrom } from "./generate-logs.ts";

/**
 * A weekly archive as edx.org writes it, made up and deterministic by seed: 44 tables of some courses, most bytes in
 * `courseware_studentmodule` with JSON states, few in small lookup tables; the other members are small.
 */

const MEGABYTE = 1_048_576;
/** Of the bytes of a course; the rest is shared by the other tables alike. */
const SHARES: Readonly<Record<string, number>> = {
  courseware_studentmodule: 0.55,
  student_courseenrollment: 0.06,
  auth_user: 0.06,
  auth_userprofile: 0.06,
  grades_persistentsubsectiongrade: 0.08,
  submissions_submission: 0.05,
  wiki_articlerevision: 0.02,
};

type Random = (below: number) => number;

const when = (random: Random): string =>
  `20${16 + random(9)}-0${1 + random(9)}-${10 + random(18)} 1${random(10)}:${10 + random(50)}:${10 + random(50)}`;
const hex = (random: Random): string => random(0x7fffffff).toString(16).padStart(8, "0").repeat(4);

function studentmodule(random: Random, id: number, course: string): string[] {
  const answers = Array.from({ length: 1 + random(6) }, (_, n) => `"${hex(random)}_${n + 2}_1": "choice_${random(5)}"`);
  const state = `{"seed": 1, "done": ${random(2) === 0}, "attempts": ${random(9)}, "student_answers": {${answers.join(", ")}}, "last_submission_time": "${when(random)}"}`;
  const block = `block-v1:${course}+type@problem+block@${hex(random)}`;
  return [
    `${id}`,
    "problem",
    block,
    `${random(900_000)}`,
    state,
    `${random(10)}.0`,
    when(random),
    when(random),
    "10.0",
    "na",
    course,
  ];
}

const lookup = (random: Random, id: number, course: string): string[] => [
  ...[
    `${id}`,
    `${random(900_000)}`,
    course,
    when(random),
    `learner_${random(900_000)}`,
    "NULL",
    random(2) === 0 ? "1" : "0",
  ],
  random(40) === 0 ? 'says "hello"' : `value ${random(5_000)}`,
];

const HEADERS = {
  studentmodule:
    "id\tmodule_type\tmodule_id\tstudent_id\tstate\tgrade\tcreated\tmodified\tmax_grade\tdone\tcourse_id\n",
  lookup: "id\tuser_id\tcourse_id\tcreated\tname\tnote\tis_active\tvalue\n",
};

function table(random: Random, name: string, course: string, bytes: number): Buffer {
  const isModule = name === "courseware_studentmodule";
  const rows = isModule ? studentmodule : lookup;
  const lines = [isModule ? HEADERS.studentmodule : HEADERS.lookup];
  for (let size = 0, id = 1; size < bytes; id += 1) {
    const line = `${rows(random, id, course).join("\t")}\n`;
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.join(""));
}

/** Writes about `megabytes` unpacked; gives the exact number of bytes of all members. */
export async function generateArchive(path: string, megabytes: number, courses: number, seed: number): Promise<number> {
  const random = randomFrom(seed);
  const perCourse = (megabytes * MEGABYTE) / courses;
  const shared =
    (1 - Object.values(SHARES).reduce((sum, share) => sum + share, 0)) /
    (EDXORG_TABLES.length - Object.keys(SHARES).length);
  const tar = pack();
  let bytes = 0;
  const add = (name: string, body: Buffer): Promise<void> => {
    bytes += body.length;
    return new Promise((resolve, reject) => {
      tar.entry({ name: `mitx/${name}`, mtime: new Date(0) }, body, (error) =>
        error == null ? resolve() : reject(error),
      );
    });
  };
  const writing = pipeline(Readable.from(tar), createGzip({ level: 6 }), createWriteStream(path));
  for (let course = 0; course < courses; course += 1) {
    const id = `MITx-${6 + (course % 20)}.${String(course).padStart(3, "0")}x-1T2024`;
    for (const name of EDXORG_TABLES) {
      await add(
        `${id}-${name}-prod-analytics.sql`,
        table(random, name, id.replaceAll("-", "+"), perCourse * (SHARES[name] ?? shared)),
      );
    }
    await add(
      `${id}-course_structure-prod-analytics.json`,
      Buffer.from(JSON.stringify({ course: id, blocks: course })),
    );
    await add(`${id}-course-prod-analytics.xml.tar.gz`, gzipSync(`<course id="${id}"/>`));
    await add(`${id}-prod.mongo`, Buffer.from(hex(random).repeat(100)));
  }
  tar.finalize();
  await writing;
  return bytes;
}
