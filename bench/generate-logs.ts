import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";

/**
 * Tracking logs as a busy Open edX writes them, made up and deterministic by seed: page views, browser events whose
 * `event` is a JSON text, server and mobile events whose `event` is an object, Python's `", "` and `": "`, escaped
 * non-ASCII names, a few 17-digit doubles and a few unknown top-level keys. All lines are good: the benchmark's
 * plain reader would stop at the first bad one.
 */

const MEGABYTE = 1024 * 1024;
const BLOCK_BYTES = MEGABYTE;
const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
  "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
  "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP1A.240505.005) edX/org.edx.mobile/3.1.0",
];
const RUNS = [
  "6.00.1x+2T2024",
  "8.01.2x+1T2024",
  "18.6501x+3T2023",
  "CTL.SC0x+2T2024",
  "14.100x+1T2024",
  "15.356-1x+2T2024",
];
const PATHS = [
  "progress",
  "courseware/week_3/lecture_sequence_7/2",
  "discussion/forum",
  "jump_to_id/6d5e4c",
  "xblock/handler",
];

/** xorshift32: small, fast and the same everywhere. */
export function randomFrom(seed: number): (below: number) => number {
  let state = (seed | 0) === 0 ? 1 : seed | 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function hex(random: (below: number) => number, digits: number): string {
  let text = "";
  while (text.length < digits) {
    text += random(0x10000).toString(16).padStart(4, "0");
  }
  return text.slice(0, digits);
}

/** One line without its ending; `micros` counts from the start of the day. */
function trackingLine(random: (below: number) => number, day: string, micros: number): string {
  const user = random(40_000);
  const name = user % 50 === 0 ? `Zo\\u00eb_${user}` : `learner_${user}`;
  const course = `course-v1:MITx+${RUNS[random(RUNS.length)]}`;
  const session = hex(random, 32);
  const agent = AGENTS[random(AGENTS.length)];
  const ip = `203.0.113.${random(256)}`;
  const seconds = Math.floor(micros / 1_000_000);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  const time = `${day}T${clock.join(":")}.${String(micros % 1_000_000).padStart(6, "0")}+00:00`;
  const page = `https://courses.example.invalid/courses/${course}/${PATHS[random(PATHS.length)]}`;
  const block = `block-v1:MITx+${course.slice(15)}+type@problem+block@${hex(random, 32)}`;
  const kind = random(1000);
  const [source, type, event] = ((): [string, string, string] => {
    if (kind < 330) {
      const at = (random(360_000) / 100).toString();
      const payload = `{\\"id\\": \\"${hex(random, 32)}\\", \\"currentTime\\": ${at}, \\"code\\": \\"html5\\", \\"duration\\": ${random(2000)}, \\"speed\\": \\"1.25\\"}`;
      return [
        "browser",
        ["play_video", "pause_video", "seek_video", "page_close"][random(4)] ?? "play_video",
        `"${payload}"`,
      ];
    }
    if (kind < 800) {
      return [
        "server",
        `/courses/${course}/${PATHS[random(PATHS.length)]}`,
        `"{\\"GET\\": {\\"page\\": [\\"${random(40)}\\"]}, \\"POST\\": {}}"`,
      ];
    }
    const grade = kind < 804 ? "0.30000000000000004" : `${random(10)}.0`;
    const answers = [1, 2, 3].map((part) => `"${hex(random, 32)}_${part}_1": "choice_${random(5)}"`).join(", ");
    const problem = `{"problem_id": "${block}", "grade": ${grade}, "max_grade": 10, "attempts": ${1 + random(4)}, "success": "correct", "answers": {${answers}}, "submission": null, "state": {"seed": 1, "student_answers": {${answers}}, "done": true, "input_state": {}, "correct_map": {}}}`;
    return [kind > 960 ? "mobile" : "server", "problem_check", problem];
  })();
  const extra = kind % 500 === 499 ? `, "nonInteraction": 1` : "";
  return (
    `{"username": "${name}", "event_source": "${source}", "name": "${type}", "accept_language": "en-US,en;q=0.9", "time": "${time}", ` +
    `"agent": "${agent}", "page": ${source === "server" ? "null" : `"${page}"`}, "host": "courses.example.invalid", "session": "${session}", ` +
    `"referer": "${page}", "context": {"user_id": ${user}, "org_id": "MITx", "course_id": "${course}", "path": "/event", ` +
    `"course_user_tags": {}, "module": {"display_name": "Caf\\u00e9 ${random(90)}", "usage_key": "${block}"}}, ` +
    `"ip": "${ip}", "event": ${event}, "event_type": "${type}"${extra}}`
  );
}

/** Blocks of about one megabyte, whole lines, until `megabytes` are reached. */
export function* trackingBlocks(megabytes: number, seed: number, day = "2024-06-13"): Generator<Buffer> {
  const random = randomFrom(seed);
  const total = megabytes * MEGABYTE;
  const step = Math.max(1, Math.floor(86_400_000_000 / (total / 1_050)));
  let micros = 0;
  for (let written = 0; written < total;) {
    let block = "";
    while (block.length < BLOCK_BYTES) {
      // Web workers log slightly out of order; so do we.
      block += `${trackingLine(random, day, Math.max(0, Math.min(86_399_999_999, micros - random(2_000_000))))}\n`;
      micros += step;
    }
    const bytes = Buffer.from(block);
    written += bytes.length;
    yield bytes;
  }
}

/** Writes one gzip file of `megabytes` raw. */
export async function generateLog(path: string, megabytes: number, seed: number): Promise<void> {
  await pipeline(Readable.from(trackingBlocks(megabytes, seed)), createGzip({ level: 6 }), createWriteStream(path));
}
