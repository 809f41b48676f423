import * as z from "zod";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { allItems } from "../../core/io/every-item.ts";
import { openItems } from "../../core/io/items.ts";
import { RunRequest } from "../../core/model/items/run-request.ts";
import { courseAssets } from "../../lambdas/openedx/course-deployment.ts";
import { COURSEWARE } from "../../lambdas/openedx/sources/course-assets.ts";
import { DEPLOYMENT } from "./home.ts";

const Kept = z.looseObject({ request: RunRequest });

export interface SweepAccount {
  /** That wait or have a slot. */
  readonly requests: number;
  /** In words; empty = each course run has the version that is published, and one request of each asset. */
  readonly wrong: readonly string[];
}

/** What the ledger says of each course run, from outside of every process that wrote it. */
export async function accountOf(
  stateDir: string,
  courses: ReadonlyMap<string, { readonly version: string }>,
): Promise<SweepAccount> {
  const ledger = embeddedLedger(stateDir);
  try {
    const items = openItems(ledger);
    const kept = (await allItems(ledger, "run-request")).map(({ data }) => Kept.parse(data).request);
    const byItem = Map.groupBy(kept, ({ asset, partition }) => `${asset} ${partition}`);
    const wrong: string[] = [];
    for (const asset of courseAssets(DEPLOYMENT)) {
      for (const [partition, { version }] of courses) {
        const state = await items.read({ asset, partition });
        const requests = byItem.get(`${asset} ${partition}`)?.length ?? 0;
        if (state?.observed[COURSEWARE]?.version !== version) wrong.push(`${asset} ${partition}: not observed`);
        if (requests !== 1 || state?.requests !== 1)
          wrong.push(`${asset} ${partition}: ${requests} requests, ${state?.requests} counted`);
      }
    }
    const shown = wrong.length > 10 ? [...wrong.slice(0, 10), `and ${wrong.length - 10} more`] : wrong;
    return { requests: kept.length, wrong: shown };
  } finally {
    ledger.close();
  }
}
