import { gzipSync } from "node:zlib";
import { ORG, SAMPLE_COURSE_ID, TOPICS, problemId, usageKey, videoId, type Topic } from "./sample-outline.ts";

/** The day of all events, UTC. */
export const SAMPLE_DATE = "2026-01-15";

const LEARNERS = [
  "amara",
  "bjorn",
  "chen",
  "dalia",
  "emeka",
  "fatima",
  "goran",
  "hana",
  "ines",
  "jonas",
  "kavya",
  "luca",
];
const HOST = "courses.example.edu";
const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const DAY_START = Date.parse(`${SAMPLE_DATE}T00:00:00Z`);

/** Lines that a reader must not lose and cannot read: a cut one, and one that is Python and not JSON. */
const BAD_LINES = [
  '{"username": "chen", "event_type": "play_vi',
  "{'username': 'hana', 'event_type': 'page_close', 'time': None}",
];

/** A gzipped tracking log of about 300 events on the sample course. The same bytes at every call. */
export function sampleTrackingLog(): Buffer {
  const events = LEARNERS.flatMap((name, index) => new Learner(name, index).day());
  const lines = events.toSorted((left, right) => left.at - right.at).map(({ line }) => line);
  lines.splice(40, 0, BAD_LINES[0] ?? "");
  lines.splice(120, 0, "");
  lines.splice(200, 0, BAD_LINES[1] ?? "");
  return gzipSync(`${lines.join("\n")}\n`, { level: 9 });
}

interface Timed {
  readonly at: number;
  readonly line: string;
}

class Learner {
  readonly #name: string;
  readonly #index: number;
  readonly #events: Timed[] = [];
  #clock: number;
  #seed: number;

  constructor(name: string, index: number) {
    this.#name = name;
    this.#index = index;
    this.#seed = 7_919 * (index + 1);
    this.#clock = DAY_START + (6 + index) * 3_600_000 + this.#upTo(1_800) * 1_000;
  }

  day(): readonly Timed[] {
    if (this.#index % 3 === 0) this.#enrolment("activated");
    this.#server(`/courses/${SAMPLE_COURSE_ID}/`, {}, "/courses/");
    for (const topic of TOPICS.slice(0, 2 + (this.#index % 4))) {
      this.#server(
        `/courses/${SAMPLE_COURSE_ID}/courseware/${topic.id}-chapter/${topic.id}-lesson/`,
        {},
        "/courseware/",
      );
      this.#watch(topic);
      this.#answer(topic);
      this.#browser("page_close", {}, topic);
    }
    if (this.#index === 7) this.#enrolment("deactivated");
    return this.#events;
  }

  #watch(topic: Topic): void {
    const video = { id: videoId(topic), code: "html5", duration: topic.videoSeconds };
    this.#browser("load_video", video, topic);
    this.#browser("play_video", { ...video, currentTime: 0 }, topic);
    const stop = 10 + this.#upTo(topic.videoSeconds - 20);
    this.#clock += stop * 1_000;
    if (this.#upTo(3) === 0) {
      this.#browser(
        "seek_video",
        { ...video, old_time: stop, new_time: Math.floor(stop / 2), type: "onSlideSeek" },
        topic,
      );
    }
    if (this.#upTo(2) === 0) {
      this.#browser("pause_video", { ...video, currentTime: stop }, topic);
      return;
    }
    this.#clock += (topic.videoSeconds - stop) * 1_000;
    this.#browser("stop_video", { ...video, currentTime: topic.videoSeconds }, topic);
  }

  #answer(topic: Topic): void {
    const attempts = 1 + (this.#upTo(3) === 0 ? 1 : 0);
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      this.#clock += (20 + this.#upTo(60)) * 1_000;
      const success = attempt > 1 || this.#upTo(4) > 0 ? "correct" : "incorrect";
      const problem = usageKey("problem", problemId(topic));
      const event = {
        problem_id: problem,
        success,
        attempts: attempt,
        grade: success === "correct" ? 1 : 0,
        max_grade: 1,
        answers: { [`${problemId(topic)}_2_1`]: success === "correct" ? "choice_0" : "choice_1" },
        correct_map: { [`${problemId(topic)}_2_1`]: { correctness: success } },
      };
      const path = `/courses/${SAMPLE_COURSE_ID}/xblock/${problem}/handler/xmodule_handler/problem_check`;
      this.#server("problem_check", event, path, {
        module: { display_name: `Exercise: ${topic.title}`, usage_key: problem },
      });
    }
  }

  #enrolment(change: "activated" | "deactivated"): void {
    const event = {
      course_id: SAMPLE_COURSE_ID,
      user_id: this.#userId,
      mode: this.#index % 2 === 0 ? "verified" : "audit",
    };
    this.#server(`edx.course.enrollment.${change}`, event, "/change_enrollment");
  }

  #browser(type: string, event: object, topic: Topic): void {
    const page = `https://${HOST}/courses/${SAMPLE_COURSE_ID}/courseware/${topic.id}-chapter/${topic.id}-lesson/`;
    // Browsers send the payload as text.
    this.#write(type, JSON.stringify(event), { event_source: "browser", name: type, page, path: "/event" }, {});
  }

  #server(type: string, event: object, path: string, context: object = {}): void {
    this.#write(type, event, { event_source: "server", name: type, page: null, path }, context);
  }

  #write(
    type: string,
    event: object | string,
    { event_source, name, page, path }: { event_source: string; name: string; page: string | null; path: string },
    context: object,
  ): void {
    this.#clock += 1_000 + this.#upTo(9_000);
    const time = new Date(this.#clock).toISOString().replace("Z", "000+00:00");
    const line = JSON.stringify({
      username: this.#name,
      event_source,
      name,
      accept_language: "en",
      time,
      agent: AGENT,
      page,
      host: HOST,
      session: `5e55100${String(this.#index).padStart(25, "0")}`,
      referer: `https://${HOST}/dashboard`,
      context: { user_id: this.#userId, org_id: ORG, course_id: SAMPLE_COURSE_ID, path, ...context },
      ip: `192.0.2.${10 + this.#index}`,
      event,
      event_type: type,
    });
    this.#events.push({ at: this.#clock, line });
  }

  get #userId(): number {
    return 1_001 + this.#index;
  }

  /** 0 to n-1; a fixed sequence for each learner (Park and Miller's minimal generator). */
  #upTo(n: number): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed % n;
  }
}
