import { createHash } from "node:crypto";
import * as z from "zod";
import { partitionProblem } from "../items/partition-key.ts";
import type { LandingTrigger, Pipeline } from "../pipeline.ts";

/** A watched prefix of the landing bucket, as whoever decides about the runs of its objects needs it. */
export const Landing = z.object({
  prefix: z.string(),
  /** What a partition's name leaves out when a key ends with it. */
  extension: z.string().exactOptional(),
  /** Empty = every key counts. */
  suffixes: z.array(z.string()),
  asset: z.string(),
  domain: z.string(),
  /** Where its runs wait; absent = the domain's own. */
  lane: z.string().exactOptional(),
  job: z.string(),
  trigger: z.string(),
});
export type Landing = z.infer<typeof Landing>;

export const landingsIn = (pipelines: readonly Pick<Pipeline, "domain" | "triggers">[]): Landing[] =>
  pipelines.flatMap(({ domain, triggers }) =>
    triggers.flatMap((trigger) => (trigger.kind === "landing" ? [landingOf(domain, trigger)] : [])),
  );

export const landingOf = (
  domain: string,
  { prefix, extension, suffixes = [], asset, job, id, lane }: LandingTrigger,
): Landing => ({
  ...{ prefix, suffixes: [...suffixes], asset, domain, job, trigger: id },
  ...(extension === undefined ? {} : { extension }),
  ...(lane === undefined ? {} : { lane }),
});

export const laneOf = ({ lane, domain }: Pick<Landing, "lane" | "domain">): string => lane ?? domain;

/** The object, as an upstream of the item that is made of it. */
export const LANDED = "landing";

/**
 * What a landed object is of: its key after the prefix, without the extension of the landing. Two keys never share a
 * partition, so no object waits for, or is taken for, another. A key that no partition may have gets a digest for it:
 * its bytes, too, have to reach somebody who says what is wrong with them.
 */
export function landingPartition({ prefix, extension = "" }: Pick<Landing, "prefix" | "extension">, key: string) {
  const rest = key.startsWith(prefix) ? key.slice(prefix.length) : key;
  const named = extension !== "" && rest.endsWith(extension) ? rest.slice(0, -extension.length) : rest;
  if (partitionProblem(named) === undefined) return named;
  return `unnamed-${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
}

/** A folder that somebody made in a console. */
export const isMarker = ({ key, sizeBytes }: { readonly key: string; readonly sizeBytes: number }): boolean =>
  sizeBytes === 0 && key.endsWith("/");

/** The same bytes landed again are a version of their own: somebody wants them worked on once more. */
export const landedVersion = ({ etag, versionId }: { readonly etag: string; readonly versionId: string }): string =>
  `${etag} ${versionId}`;

/** A listing names no version ids. */
export const isVersionOf = (version: string, etag: string): boolean =>
  version === etag || version.startsWith(`${etag} `);
