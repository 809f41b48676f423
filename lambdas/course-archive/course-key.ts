import { malformed, shown } from "../archive/malformed.ts";
import type { XmlNode } from "./xml.ts";

export interface CourseKey {
  readonly org: string;
  readonly course: string;
  readonly run: string;
  /** `course-v1:<org>+<course>+<run>` */
  readonly id: string;
}

/** Open edX stores the key in 255 characters; as bytes it also leaves room in an object key of 1,024. */
const MAX_BYTES = 255;

/**
 * The key that `course.xml` states. Its parts become parts of object keys, so whatever Open edX itself would not
 * accept in a key is refused here. Throws Malformed `bad_course_id`.
 */
export function courseKey(root: XmlNode): CourseKey {
  const part = (attribute: string): string => {
    const value = root.attributes.get(attribute) ?? "";
    if (!/^[\p{L}\p{N}_\-~.:]+$/u.test(value) || /^\.+$/.test(value) || value.includes("...")) {
      throw malformed(
        "bad_course_id",
        `course.xml has ${attribute}=${shown(value)}, which cannot be part of a course id.`,
      );
    }
    return value;
  };
  const org = part("org");
  const course = part("course");
  const run = part("url_name");
  const id = `course-v1:${org}+${course}+${run}`;
  if (Buffer.byteLength(id) > MAX_BYTES)
    throw malformed("bad_course_id", `The course id has more than ${MAX_BYTES} bytes.`);
  return { org, course, run, id };
}

/** `block-v1:<org>+<course>+<run>+type@<type>+block@<id>` */
export const usageKey = ({ id }: CourseKey, type: string, block: string): string =>
  `${id.replace(/^course-v1:/, "block-v1:")}+type@${type}+block@${block}`;
