import { asciiJsonString, floatText } from "../../core/model/legacy-json.ts";

/** A float: prints `12.0` where a plain whole number prints `12`. */
export class JsonFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export type BodyValue =
  | null
  | boolean
  | string
  | number
  | bigint
  | JsonFloat
  | readonly BodyValue[]
  | { readonly [key: string]: BodyValue };

/**
 * The bytes that are signed and sent: no blanks, keys in insertion order, ASCII only. The receiver checks the
 * signature over exactly these bytes, so a body is serialised once and never again.
 */
export function bodyBytes(body: { readonly [key: string]: BodyValue }): Buffer {
  return Buffer.from(bodyText(body), "ascii");
}

function bodyText(value: BodyValue): string {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "string") return asciiJsonString(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : floatText(value);
  if (value instanceof JsonFloat) return floatText(value.value);
  if (isList(value)) return `[${value.map((item) => bodyText(item)).join(",")}]`;
  const members = Object.entries(value).map(([key, member]) => {
    // JavaScript moves integer-like keys to the front, which would sign an order that nobody wrote.
    if (/^(?:0|[1-9]\d*)$/.test(key)) throw new TypeError(`The body key "${key}" would lose its place.`);
    return `${asciiJsonString(key)}:${bodyText(member)}`;
  });
  return `{${members.join(",")}}`;
}

const isList = (value: BodyValue): value is readonly BodyValue[] => Array.isArray(value);

export interface CourseContent {
  readonly courseId: string;
  /** Key of the archive in the landing bucket; of edx.org with a leading slash. */
  readonly contentPath: string;
  readonly source: string;
}

/** The content_files body of a course; the key order is part of the contract. */
export const contentFilesBody = ({ courseId, contentPath, source }: CourseContent): Buffer =>
  bodyBytes({ course_id: courseId, course_readable_id: courseId, content_path: contentPath, source });

/** The body that has MIT Learn delete a course and its files. */
export const deleteCourseBody = ({ courseId, source }: Pick<CourseContent, "courseId" | "source">): Buffer =>
  bodyBytes({ source, course_id: courseId });
