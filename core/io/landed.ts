import type { ItemKey } from "../model/items/item-key.ts";
import { isMarker, LANDED, laneOf, landedVersion, landingPartition, type Landing } from "../model/landings/landing.ts";
import type { Coordination } from "./coordination.ts";
import type { Applied } from "./items.ts";
import type { Objects } from "./ports.ts";

/**
 * Has the trigger rule see an object as it is now: it requests the run of a version that is new. Whoever told of the
 * object has only given a hint, for that comes twice, late and out of order. Undefined: it is gone, or a folder.
 * Follow it by `lanes.dispatch`. Throws as `Items.apply`.
 */
export async function observeLanded(
  home: {
    readonly objects: Objects;
    readonly coordination: Pick<Coordination, "observed">;
    readonly now: () => number;
  },
  landing: Landing,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): Promise<{ readonly item: ItemKey; readonly applied: Applied } | undefined> {
  // Before the look: what comes after it is later.
  const at = home.now();
  const head = await home.objects.head({ bucket, key });
  if (head === undefined || isMarker(head)) return undefined;
  const { asset, domain, job, trigger } = landing;
  const item = { asset, partition: landingPartition(landing, key) };
  const target = { domain, lane: laneOf(landing), input: { job, trigger, bucket, key } };
  const applied = await home.coordination.observed(
    item,
    { upstream: LANDED, version: landedVersion(head), at },
    target,
  );
  return applied === undefined ? undefined : { item, applied };
}
