import * as z from "zod";
import type { Secrets } from "../../../core/io/ports.ts";
import { Failure } from "../../../core/model/failures.ts";
import { withQuery } from "../../open-edx-api/addresses.ts";
import { askJson } from "../../open-edx-api/ask-json.ts";
import { queryPages } from "../../open-edx-api/query-pages.ts";
import { sessionOf, type Authorised } from "../../open-edx-api/session.ts";
import { openTransport, systemClock, type Clock } from "../../open-edx-api/transport.ts";
import type { Catalogue } from "../sources/catalogue.ts";
import { catalogueTarget } from "./target.ts";

const Page = z.looseObject({
  count: z.number().int().nonnegative(),
  next: z.string().nullish(),
  results: z.array(z.unknown()),
});

/** A course has all its runs with it, and a page some dozen courses. */
const MAX_BYTES = 64 * 1_048_576;

export interface ListRead {
  readonly secrets: Secrets;
  readonly catalogue: Catalogue;
  /** Epoch milliseconds: no call and no wait goes on after it. */
  readonly deadline: number;
  readonly clock?: Clock;
}

/**
 * All that edx.org lists, page by page; whoever has read to the end has a complete list. Throws as the client of
 * Open edX, and Malformed `count_mismatch` at the end of a list that does not hold what it promises.
 */
export async function* readList({ secrets, catalogue, deadline, clock }: ListRead): AsyncGenerator<readonly unknown[]> {
  const target = await catalogueTarget(secrets, catalogue);
  const session = sessionOf(target);
  const transport = openTransport(clock ?? systemClock, deadline);
  const what = `list the ${catalogue} of edx.org`;
  let [promised, found] = [0, 0];
  const read = async (query: URLSearchParams) => {
    const question: Authorised = { what, method: "GET", url: withQuery(target.url, query), maxBytes: MAX_BYTES };
    const asked = { ...question, secrets: session.secrets };
    const { value } = await askJson(Page, asked, () => session.ask(question, transport));
    promised = value.count;
    return { rows: value.results, next: value.next };
  };
  for await (const rows of queryPages({ read, fixed: {}, what })) {
    found += rows.length;
    yield rows;
  }
  if (found === promised) return;
  throw new Failure("Malformed", `Could not ${what}: it promises ${promised} and has ${found}.`, {
    code: "count_mismatch",
    what,
    hint: "It may have changed while it was read; the next day reads it again, or start it by hand.",
  });
}
