import * as z from "zod";
import type { Pipeline } from "../pipeline.ts";

/** A watched prefix of the landing bucket, as whoever looks for lost events needs it. */
export const Landing = z.object({
  prefix: z.string(),
  /** Empty = every key counts. */
  suffixes: z.array(z.string()),
  asset: z.string(),
  domain: z.string(),
  job: z.string(),
  trigger: z.string(),
});
export type Landing = z.infer<typeof Landing>;

export const landingsIn = (pipelines: readonly Pick<Pipeline, "domain" | "triggers">[]): Landing[] =>
  pipelines.flatMap(({ domain, triggers }) =>
    triggers.flatMap((trigger) => {
      if (trigger.kind !== "landing") return [];
      const { prefix, suffixes = [], asset, job, id } = trigger;
      return [{ prefix, suffixes: [...suffixes], asset, domain, job, trigger: id }];
    }),
  );

/** As in lib/constructs/starter.asl.json, which a test holds to the same keys. */
const EXTENSIONS = /([.][a-z]{2,4})+$/;

/** What a landed object is of: its key after the trigger's prefix, without extensions. */
export const landingPartition = (prefix: string, key: string): string =>
  afterPrefix(prefix, key).replace(EXTENSIONS, "");

export const afterPrefix = (prefix: string, key: string): string =>
  key.startsWith(prefix) ? key.slice(prefix.length) : key;

/** Its name as an upstream of the item: keys that differ in their extensions are of one item, and change on their own. */
export const landingUpstream = (key: string): string => `landing${EXTENSIONS.exec(key)?.[0] ?? ""}`;
