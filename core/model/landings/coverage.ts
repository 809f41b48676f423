import type { ItemState } from "../items/item-state.ts";
import { partitionProblem } from "../items/partition-key.ts";
import { landingPartition, landingUpstream, type Landing } from "./landing.ts";

/** What a listing says of an object. */
export interface LandedObject {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lastModified: Date;
}

/** What an object is of. */
export interface Landed {
  readonly partition: string;
  readonly upstream: string;
}

/** So long the object's own event may take, and its run until it is on record. */
const OWN_EVENT_MS = 60 * 60_000;

/** Undefined = nobody asks for a run of it: no input, no partition, or left to its own event as yet. */
export function landed({ prefix, suffixes }: Landing, object: LandedObject, now: number): Landed | undefined {
  const { key, sizeBytes, lastModified } = object;
  if (sizeBytes === 0 && key.endsWith("/")) return undefined;
  if (suffixes.length > 0 && !suffixes.some((suffix) => key.endsWith(suffix))) return undefined;
  if (now - lastModified.getTime() < OWN_EVENT_MS) return undefined;
  const partition = landingPartition(prefix, key);
  return partitionProblem(partition) === undefined ? { partition, upstream: landingUpstream(key) } : undefined;
}

/**
 * Whether what is on record of an item is of this object as it is: its version was seen, so that the trigger rule has
 * asked, or will, for its run. Of an item from before versions of landings were kept, a run that ended after the object
 * came is taken for its own: no stampede at deployment.
 */
export function covers(state: ItemState | undefined, upstream: string, { etag, lastModified }: LandedObject): boolean {
  if (state === undefined) return false;
  if (state.retiredAt !== null) return true;
  const seen = state.observed[upstream];
  if (seen !== undefined) return seen.version === etag;
  const isOld = !Object.keys(state.observed).some((name) => name.startsWith("landing"));
  return isOld && state.last !== null && state.last.at >= lastModified.getTime();
}
