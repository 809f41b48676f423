import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { openItems } from "../../core/io/items.ts";

const ASSET = "org/domain/asset";
const CHANGED = 100;

/**
 * Finding the hundred partitions that have changed among so many, and counting all by status, in the embedded ledger:
 * milliseconds. Also how long it took to add them.
 */
export async function measureIndex(partitions: number) {
  const folder = mkdtempSync(join(tmpdir(), "millrace-index-"));
  const ledger = embeddedLedger(folder);
  try {
    const items = openItems(ledger);
    const names = Array.from({ length: partitions }, (_, index) => `course-v1:Org+Course${index}+2026`);
    const added = performance.now();
    await items.addAll(ASSET, names, Date.now());
    const addMs = performance.now() - added;
    const now = Date.now();
    for (const partition of names.slice(0, CHANGED)) {
      const key = { asset: ASSET, partition };
      const result = { status: "succeeded", run: null, at: now } as const;
      await items.apply(key, { type: "recorded", result, versions: { source: "v1" } }, { now });
      await items.apply(key, { type: "observed", upstream: "source", version: "v2", at: now + 1 }, { now });
    }
    const begun = performance.now();
    const page = await items.page(ASSET, { status: "stale", limit: 1_000 });
    const foundMs = performance.now() - begun;
    const counting = performance.now();
    const counts = await items.counts(ASSET);
    const countMs = performance.now() - counting;
    if (page.items.length !== Math.min(CHANGED, partitions) || counts.stale !== page.items.length) {
      throw new Error(`${page.items.length} are found and ${counts.stale} counted of ${CHANGED} that have changed.`);
    }
    return { addMs, foundMs, countMs };
  } finally {
    ledger.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
