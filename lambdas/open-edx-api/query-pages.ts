import { createHash } from "node:crypto";
import { Failure } from "../../core/model/failures.ts";

export interface QueryPage<Row> {
  readonly rows: readonly Row[];
  /** Address of the next page; absent or empty = this is the last. */
  readonly next?: string | null | undefined;
}

export interface QueryPages<Row> {
  readonly read: (query: URLSearchParams) => Promise<QueryPage<Row>>;
  /** In the query of every page. */
  readonly fixed: Readonly<Record<string, string>>;
  /** In words: "list the courses". */
  readonly what: string;
}

const PAGES_MAX = 1_000;

/**
 * Follows a list by the query of `next` alone: its host and path are the server's idea of itself behind its proxies.
 * Throws Malformed `page_repeated` (also when another query gives the same page), `too_many_pages` or `next_invalid`.
 */
export async function* queryPages<Row>({ read, fixed, what }: QueryPages<Row>): AsyncGenerator<readonly Row[]> {
  const malformed = (code: string, reason: string): Failure =>
    new Failure("Malformed", `Could not ${what}: ${reason}`, { code, what });
  const seen = new Set<string>();
  const see = (page: string): void => {
    if (seen.has(page)) throw malformed("page_repeated", "a page came a second time.");
    seen.add(page);
  };
  let query = new URLSearchParams(fixed);
  for (let pages = 1; ; pages += 1) {
    if (pages > PAGES_MAX) throw malformed("too_many_pages", `there are more than ${PAGES_MAX} pages.`);
    see(`?${nameOf(query)}`);
    const { rows, next } = await read(query);
    if (rows.length > 0) see(createHash("sha256").update(JSON.stringify(rows)).digest("hex"));
    yield rows;
    if (next === undefined || next === null || next === "") return;
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
