import { consumersOf, declaredTarget, type DeclaredAsset } from "../model/assets.ts";
import type { ItemEvent } from "../model/items/item-event.ts";
import type { ItemKey } from "../model/items/item-key.ts";
import type { RunTarget } from "../model/items/trigger-rule.ts";
import type { Applied } from "./items.ts";
import type { RunOutput } from "./run-outputs.ts";

/**
 * Tells what is made of a run's outputs that they are there, and what waited for its item that it is over, well or not.
 * Gives the lanes in which requests wait for that. Repeating it is harmless.
 */
export async function tellConsumers(
  assets: readonly DeclaredAsset[],
  { item, outputs }: { readonly item: ItemKey | undefined; readonly outputs: readonly RunOutput[] },
  apply: (item: ItemKey, event: ItemEvent, target: RunTarget, create: boolean) => Promise<Applied | undefined>,
): Promise<string[]> {
  const tellings = outputs.flatMap(({ asset, partition, dataVersion: version, at }) =>
    consumersOf(asset, assets).map((consumer) => ({
      key: { asset: consumer, partition },
      event: { type: "observed", upstream: asset, version, at } as const,
    })),
  );
  const isTold = (asset: string): boolean =>
    tellings.some(({ key }) => key.asset === asset && key.partition === item?.partition);
  const waiting = item === undefined ? [] : consumersOf(item.asset, assets).filter((asset) => !isTold(asset));
  const evaluations = waiting.flatMap((asset) =>
    item === undefined ? [] : [{ key: { asset, partition: item.partition }, event: { type: "evaluated" } as const }],
  );
  const lanes = new Set<string>();
  for (const { key, event } of [...tellings, ...evaluations]) {
    const target = declaredTarget(key.asset, assets);
    if (target === undefined) continue;
    const applied = await apply(key, event, target, event.type === "observed");
    if (applied?.state.runs.some(({ phase }) => phase === "queued") === true) lanes.add(target.lane);
  }
  return [...lanes];
}
