import * as z from "zod";
import type { RunTarget } from "./items/trigger-rule.ts";
import type { Pipeline } from "./pipeline.ts";

/** What whoever decides about runs must know of an asset; of one that declares nothing of it there is none. */
export const DeclaredAsset = z.object({
  id: z.string(),
  domain: z.string(),
  codeVersion: z.string().optional(),
});
export type DeclaredAsset = z.infer<typeof DeclaredAsset>;

export const assetsIn = (pipelines: readonly Pick<Pipeline, "domain" | "assets">[]): DeclaredAsset[] =>
  pipelines.flatMap(({ domain, assets }) =>
    assets.flatMap(({ id, codeVersion }) => (codeVersion === undefined ? [] : [{ id, domain, codeVersion }])),
  );

/** The target with the code version that the asset declares now. */
export function withDeclaredCode<T extends RunTarget | undefined>(
  target: T,
  asset: string,
  assets: readonly DeclaredAsset[],
): T {
  const codeVersion = assets.find(({ id }) => id === asset)?.codeVersion;
  return target === undefined || codeVersion === undefined ? target : { ...target, codeVersion };
}
