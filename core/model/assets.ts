import * as z from "zod";
import type { RunTarget } from "./items/trigger-rule.ts";
import type { Pipeline } from "./pipeline.ts";

/** What whoever decides about runs must know of an asset; of one that declares nothing of it there is none. */
export const DeclaredAsset = z.object({
  id: z.string(),
  domain: z.string(),
  codeVersion: z.string().optional(),
  /** Of the domain's machine: makes a partition from its item alone. */
  job: z.string().optional(),
  lane: z.string().optional(),
  upstreams: z.array(z.string()).optional(),
});
export type DeclaredAsset = z.infer<typeof DeclaredAsset>;

export const assetsIn = (pipelines: readonly Pick<Pipeline, "domain" | "assets">[]): DeclaredAsset[] =>
  pipelines.flatMap(({ domain, assets }) =>
    assets.flatMap(({ id, codeVersion, job, lane, upstreams }) =>
      codeVersion === undefined && job === undefined
        ? []
        : [
            {
              ...{ id, domain },
              ...(codeVersion === undefined ? {} : { codeVersion }),
              ...(job === undefined ? {} : { job }),
              ...(lane === undefined ? {} : { lane }),
              ...(upstreams === undefined ? {} : { upstreams: [...upstreams] }),
            },
          ],
    ),
  );

const find = (asset: string, assets: readonly DeclaredAsset[]) => assets.find(({ id }) => id === asset);

/** How the asset is made as it is declared; undefined = only what ran before says how. */
export function declaredTarget(asset: string, assets: readonly DeclaredAsset[]): RunTarget | undefined {
  const { job, domain, lane } = find(asset, assets) ?? {};
  if (job === undefined || domain === undefined) return undefined;
  return withDeclaredCode({ domain, lane: lane ?? domain, input: { job } }, asset, assets);
}

/** The target with the code version that the asset declares now. */
export function withDeclaredCode<T extends RunTarget | undefined>(
  target: T,
  asset: string,
  assets: readonly DeclaredAsset[],
): T {
  const codeVersion = find(asset, assets)?.codeVersion;
  return target === undefined || codeVersion === undefined ? target : { ...target, codeVersion };
}

export const upstreamsOf = (asset: string, assets: readonly DeclaredAsset[]): readonly string[] =>
  find(asset, assets)?.upstreams ?? [];

/** Assets that are made of it. */
export const consumersOf = (asset: string, assets: readonly DeclaredAsset[]): string[] =>
  assets.filter(({ upstreams = [] }) => upstreams.includes(asset)).map(({ id }) => id);

/** What no domain can see alone. Throws on an upstream that is no asset, and on assets that are made of themselves. */
export function refuseBrokenLineage(pipelines: readonly Pick<Pipeline, "assets">[]): void {
  const assets = new Map(pipelines.flatMap(({ assets: own }) => own.map((asset) => [asset.id, asset])));
  const visit = (id: string, path: readonly string[]): void => {
    const asset = assets.get(id);
    if (asset === undefined) throw new Error(`The asset "${path.at(-1)}" has the upstream "${id}", which is no asset.`);
    if (path.includes(id)) throw new Error(`Assets are made of themselves: ${[...path, id].join(" <- ")}.`);
    for (const upstream of asset.upstreams ?? []) visit(upstream, [...path, id]);
  };
  for (const id of assets.keys()) visit(id, []);
}
