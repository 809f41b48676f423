import { gzipSync } from "node:zlib";
import { tarOf } from "../../bin/first-contact/sample-tar.ts";
import type { Random } from "./random.ts";

/** A file to land and what an outsider must find of it at the end, if nothing lands over it. */
export interface LoadFile {
  readonly kind: "tracking_log" | "course_archive";
  readonly name: string;
  readonly date: string;
  readonly bytes: Buffer;
  /** Rows in the table: lines that are JSON objects, or blocks of the course. */
  readonly rows: number;
  readonly quarantined: number;
  /** Course archives: the course's id. */
  readonly course?: string;
}

const DEPLOYMENT = "mitxonline";
export const LOAD_DEPLOYMENT = DEPLOYMENT;

/** A log of 20 to 400 lines, some of them blank or damaged. No two logs have a line in common. */
export function makeLog(random: Random, serial: number): LoadFile {
  const date = `2026-02-${String(random.between(1, 5)).padStart(2, "0")}`;
  const lines: string[] = [];
  let rows = 0;
  let quarantined = 0;
  for (let index = random.between(20, 400); index > 0; index -= 1) {
    const draw = random.next();
    if (draw < 0.02) lines.push("");
    else if (draw < 0.04) {
      lines.push(`{"broken": ${serial}, `);
      quarantined += 1;
    } else {
      lines.push(event(date, serial, index, random));
      rows += 1;
    }
  }
  const text = Buffer.from(`${lines.join("\n")}\n`);
  const zipped = random.next() < 0.7;
  const name = `tracking.log-${serial}${zipped ? ".gz" : ""}`;
  return { kind: "tracking_log", name, date, bytes: zipped ? gzipSync(text) : text, rows, quarantined };
}

function event(date: string, serial: number, index: number, random: Random): string {
  const seconds = String(index % 60).padStart(2, "0");
  return JSON.stringify({
    username: `learner-${random.between(1, 50)}`,
    event_source: "server",
    event_type: random.pick(["play_video", "problem_check", "edx.course.enrollment.activated", "page_close"]),
    time: `${date}T10:${String(random.between(0, 59)).padStart(2, "0")}:${seconds}.000${String(index).padStart(3, "0")}+00:00`,
    context: { course_id: `course-v1:Chaos+C${random.between(1, 5)}+R1`, user_id: random.between(1, 50) },
    event: { serial, index },
  });
}

/** A course of its own with a few units: it must be announced to Learn exactly once. */
export function makeArchive(random: Random, serial: number): LoadFile {
  const units = random.between(1, 6);
  const ids = Array.from({ length: units }, (_, index) => `unit${index}`);
  const files = [
    ["course.xml", `<course url_name="R1" org="Chaos" course="A${serial}"/>`],
    ["course/R1.xml", `<course display_name="Chaos ${serial}"><chapter url_name="ch"/></course>`],
    ["chapter/ch.xml", `<chapter display_name="Chapter"><sequential url_name="seq"/></chapter>`],
    ["sequential/seq.xml", `<sequential>${ids.map((id) => `<vertical url_name="${id}"/>`).join("")}</sequential>`],
    ...ids.map((id) => [`vertical/${id}.xml`, `<vertical><html url_name="${id}-text"/></vertical>`]),
    ...ids.map((id) => [`html/${id}-text.xml`, `<html filename="${id}-text" display_name="${id}"/>`]),
    ...ids.map((id) => [`html/${id}-text.html`, `<p>${serial} ${id}</p>`]),
  ] as const;
  const bytes = gzipSync(tarOf(files.map(([path = "", text = ""]) => ({ path: `course/${path}`, text }))));
  const course = `course-v1:Chaos+A${serial}+R1`;
  // course, chapter, sequential, and a vertical with an html for each unit
  return {
    kind: "course_archive",
    name: `${course}.tar.gz`,
    date: "",
    bytes,
    rows: 3 + 2 * units,
    quarantined: 0,
    course,
  };
}
