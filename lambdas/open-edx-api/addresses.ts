import { Failure } from "../../core/model/failures.ts";

/** A course id as one segment of a path. Servers of today take `:` and `+` as they are. */
export function segment(id: string): string {
  // As a segment these are not encodable: every URL parser follows them, `%2e` included.
  if (id === "" || id === "." || id === "..") {
    throw new Failure("Malformed", `"${id}" is no course id.`, {
      code: "course_id_invalid",
      what: "ask after a course",
    });
  }
  return encodeURIComponent(id).replaceAll("%3A", ":").replaceAll("%2B", "+");
}

export function withQuery(url: string, query: URLSearchParams | Readonly<Record<string, string>>): string {
  const text = String(new URLSearchParams(query));
  return text === "" ? url : `${url}?${text}`;
}
