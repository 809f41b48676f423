import { randomUUID } from "node:crypto";
import { archiveOf } from "./archive.ts";
import { courseIds, newCourse, structureOf, versionOf, type ExportPlan, type StandInCourse } from "./courses.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const json = (value: unknown, status = 200): Answer => ({ status, text: JSON.stringify(value) });
const notFound = json({ detail: "Not found." }, 404);

interface Task {
  readonly course: StandInCourse;
  readonly plan: ExportPlan;
  readonly states: string[];
  stored: boolean;
}

export interface OpenEdxWorldOptions {
  readonly deployment: string;
  readonly courses: number | readonly string[];
  readonly pageSize: number;
  /** Puts an archive where Studio puts it: bucket `course-exports-<deployment>`, key `<course>.tar.gz`. */
  readonly store: (key: string, bytes: Buffer) => Promise<void>;
}

/** What an installation knows and answers, without HTTP. */
export function openEdxWorld({ deployment, courses: wanted, pageSize, store }: OpenEdxWorldOptions) {
  const ids = typeof wanted === "number" ? courseIds(wanted) : wanted;
  const courses = new Map(ids.map((id) => [id, newCourse(id)]));
  const tasks = new Map<string, Task>();
  /** Page numbers that answer with another page's courses, and how `next` is written. */
  const paging = { repeats: new Map<number, number>(), host: undefined as string | undefined };
  const active = (id: string): StandInCourse | undefined => {
    const course = courses.get(id);
    return course?.vanished === true ? undefined : course;
  };
  const publish = (id: string): string => {
    const course = courses.get(id);
    if (course === undefined) throw new Error(`The stand-in has no course ${id}.`);
    course.published += 1;
    course.version = versionOf(id, course.published);
    return course.version;
  };

  const list = (url: URL): Answer => {
    const listed = [...courses.values()].filter(({ vanished, unlisted }) => !vanished && !unlisted);
    const size = Math.min(100, Number(url.searchParams.get("page_size") ?? pageSize));
    const asked = Number(url.searchParams.get("page") ?? 1);
    const pages = Math.max(1, Math.ceil(listed.length / size));
    if (!(asked >= 1 && asked <= pages)) return json({ detail: "Invalid page." }, 404);
    const page = paging.repeats.get(asked) ?? asked;
    const results = listed.slice((page - 1) * size, page * size).map(({ id }) => ({ id, course_id: id, name: id }));
    const next = new URL(url);
    if (paging.host !== undefined) next.host = paging.host;
    next.searchParams.set("page", String(page + 1));
    const pagination = {
      next: page < pages ? next.href : null,
      previous: null,
      count: listed.length,
      num_pages: pages,
    };
    return json({ results, pagination });
  };

  const startExport = (body: string): Answer => {
    const id = (JSON.parse(body) as { courses: string[] }).courses[0] ?? "";
    const course = active(id);
    const said = { upload_task_ids: {}, upload_urls: {}, failed_uploads: {} };
    if (course === undefined) return json({ ...said, failed_uploads: { [id]: "Course not found" } });
    const plan = course.exports;
    if (plan.ends === "nothing") return json(said);
    if (plan.ends === "refuse") {
      return json({ ...said, failed_uploads: { [id]: plan.reason ?? "The course cannot be exported" } });
    }
    const task = randomUUID();
    tasks.set(task, { course, plan, states: [...(plan.states ?? [])], stored: false });
    if (plan.republish === true) publish(id);
    const url = `https://course-exports-${deployment}.s3.amazonaws.com/${id.replaceAll(":", "%3A")}.tar.gz`;
    const started = { ...said, upload_task_ids: { [id]: task }, upload_urls: { [id]: url } };
    return json(started, plan.ends === "bad-request" ? 400 : 200);
  };

  const lookAtTask = async (id: string, taskId: string): Promise<Answer> => {
    const task = tasks.get(taskId);
    if (task === undefined || task.course.id !== id) return notFound;
    const { plan, course, states } = task;
    const state = states.shift();
    if (state !== undefined) return json({ state });
    if (plan.ends === "hang") return json({ state: "In Progress" });
    if (plan.ends === "fail")
      return json({ state: "Failed", details: plan.reason ?? "Studio could not write the archive" });
    if (plan.ends === "cancel") return json({ state: "Canceled", details: plan.reason ?? "Somebody stopped it" });
    if (!task.stored && plan.ends !== "lose") await store(`${course.id}.tar.gz`, await archiveOf(course));
    task.stored = true;
    return json({ state: "Succeeded" });
  };

  const known = (id: string, answer: (course: StandInCourse) => Answer): Answer => {
    const course = active(id);
    return course === undefined ? notFound : answer(course);
  };
  return {
    courses,
    paging,
    publish,
    list,
    startExport,
    lookAtTask,
    status: (id: string) => known(id, () => json({ id, course_id: id, name: id })),
    outline: (id: string) => known(id, ({ version }) => json({ course_key: id, published_version: version })),
    structure: (id: string) => known(id, (course) => ({ status: 200, text: structureOf(course) })),
  };
}

export type OpenEdxWorld = ReturnType<typeof openEdxWorld>;
