import { createHash } from "node:crypto";
import * as z from "zod";
import { Failure } from "../../core/model/failures.ts";

export const CoursePage = z.looseObject({
  results: z.array(z.looseObject({ id: z.string() })),
  pagination: z.looseObject({ next: z.string().nullish() }),
});
export type CoursePage = z.infer<typeof CoursePage>;

const PAGES_MAX = 1_000;
const WHAT = "list the courses";

/**
 * Follows a list by the query of `next` alone: its host and path are the server's idea of itself behind its proxies.
 * Throws Malformed `page_repeated` (also when another query gives the same page), `too_many_pages` or `next_invalid`.
 */
export async function* coursePages(
  read: (query: URLSearchParams) => Promise<CoursePage>,
  fixed: Readonly<Record<string, string>>,
): AsyncGenerator<readonly string[]> {
  const seen = new Set<string>();
  const see = (what: string): void => {
    if (seen.has(what)) throw malformed("page_repeated", "a page came a second time.");
    seen.add(what);
  };
  let query = new URLSearchParams(fixed);
  for (let pages = 1; ; pages += 1) {
    if (pages > PAGES_MAX) throw malformed("too_many_pages", `there are more than ${PAGES_MAX} pages.`);
    see(`?${nameOf(query)}`);
    const { results, pagination } = await read(query);
    const ids = results.map(({ id }) => id);
    if (ids.length > 0) see(createHash("sha256").update(JSON.stringify(ids)).digest("hex"));
    yield ids;
    const next = pagination.next ?? "";
    if (next === "") return;
    if (!URL.canParse(next, "https://lms.invalid")) throw malformed("next_invalid", "the next page has no address.");
    query = new URL(next, "https://lms.invalid").searchParams;
    for (const [name, value] of Object.entries(fixed)) if (!query.has(name)) query.set(name, value);
  }
}

/** The same in whatever order it is written. */
function nameOf(query: URLSearchParams): string {
  const sorted = new URLSearchParams(query);
  sorted.sort();
  return String(sorted);
}

const malformed = (code: string, reason: string): Failure =>
  new Failure("Malformed", `Could not ${WHAT}: ${reason}`, { code, what: WHAT });
