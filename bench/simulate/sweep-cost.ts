import { decisionOn } from "./items.ts";
import { FAULTS } from "./year.ts";
import { versionText, World } from "./world.ts";

/**
 * What a look at every partition costs when nothing has changed, and when 1 of 1,000 has: milliseconds by the clock
 * and of processor, of three looks the median, and writes that it would lead to. The rule alone, without the reads.
 */
export function measureDecisions(seed: number, partitions: number) {
  const world = new World(seed, partitions, FAULTS);
  const tried = world.items.filter(({ state }) => state.success !== null);
  const now = Math.round(world.clock.now) + 60_000;
  const look = (): { ms: number; cpuMs: number; changed: number; requests: number } => {
    const begun = performance.now();
    const used = process.cpuUsage();
    let [changed, requests] = [0, 0];
    for (const item of tried) {
      const { asset, truth, state } = item;
      const decision = decisionOn(item, { type: "observed", upstream: asset.upstream, version: truth, at: now }, now);
      if (decision.state !== state) changed += 1;
      if (decision.request !== undefined) requests += 1;
    }
    const { user, system } = process.cpuUsage(used);
    return { ms: performance.now() - begun, cpuMs: (user + system) / 1_000, changed, requests };
  };
  const again = () => [look(), look(), look()].toSorted((a, b) => a.ms - b.ms)[1] ?? look();
  // The first look compiles.
  look();
  const unchanged = again();
  for (let index = 0; index < tried.length; index += 1_000) {
    const item = tried[index];
    if (item !== undefined) item.truth = versionText(1);
  }
  return { partitions: tried.length, unchanged, moved: again() };
}
