import type { ItemState } from "../items/item-state.ts";
import { isMarker, isVersionOf, LANDED, type Landing } from "./landing.ts";

/** What a listing says of an object. */
export interface ListedLanding {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lastModified: Date;
}

/** So long the object's own event may take. */
const OWN_EVENT_MS = 60 * 60_000;

/** False = nobody asks for a run of it: no input, or left to its own event as yet. */
export function isForReconciliation({ suffixes }: Landing, object: ListedLanding, now: number): boolean {
  if (isMarker(object)) return false;
  if (suffixes.length > 0 && !suffixes.some((suffix) => object.key.endsWith(suffix))) return false;
  return now - object.lastModified.getTime() >= OWN_EVENT_MS;
}

/**
 * Whether what is on record of an item is of this object as it is: its version was seen, so that the trigger rule has
 * asked, or will, for its run. Of an item from before versions of landings were kept, a run that ended after the object
 * came is taken for its own: no stampede at deployment.
 */
export function covers(state: ItemState | undefined, { etag, lastModified }: ListedLanding): boolean {
  if (state === undefined) return false;
  if (state.retiredAt !== null) return true;
  // Some have their extension in their name, from when keys that differed in it were of one item.
  const seen = Object.entries(state.observed).filter(([name]) => name.startsWith(LANDED));
  if (seen.length > 0) return seen.some(([, { version }]) => isVersionOf(version, etag));
  return state.last !== null && state.last.at >= lastModified.getTime();
}
