import * as z from "zod";
import { allItems } from "../../../core/io/every-item.ts";
import type { Items } from "../../../core/io/items.ts";
import type { Ledger } from "../../../core/io/ports.ts";

/** `pk openedx-deletions#<deployment>, sk <course id>`: gone for good, and MIT Learn has not been told yet. */
const Deletion = z.object({ goneSince: z.string() });
const pkOf = (deployment: string): string => `openedx-deletions#${deployment}`;

/** Before they are retired: whoever dies in between finds them again. */
export async function rememberGone(
  ledger: Ledger,
  deployment: string,
  ids: Iterable<string>,
  goneSince: string,
): Promise<void> {
  for (const sk of ids) {
    const pk = pkOf(deployment);
    if ((await ledger.get(pk, sk)) !== undefined) continue;
    await ledger.write([{ put: { pk, sk, data: { goneSince } }, if: { any: true } }]);
  }
}

/**
 * Tells of those that are retired by now; those that are listed again are forgotten. One that cannot be told of is tried
 * again by the next discovery, and the first failure is thrown when all others were tried.
 */
export async function tellGone(
  { ledger, items }: { readonly ledger: Ledger; readonly items: Pick<Items, "read"> },
  {
    deployment,
    asset,
    listed,
  }: { readonly deployment: string; readonly asset: string; readonly listed: ReadonlySet<string> },
  tell: (courseId: string, goneSince: string) => Promise<unknown>,
): Promise<number> {
  const failures: unknown[] = [];
  let told = 0;
  for (const { pk, sk, data } of await allItems(ledger, pkOf(deployment))) {
    if (!listed.has(sk)) {
      const item = await items.read({ asset, partition: sk });
      // Deferred, or held by the guard.
      if (item === undefined || item.retiredAt === null) continue;
      try {
        await tell(sk, Deletion.parse(data).goneSince);
        told += 1;
      } catch (error) {
        failures.push(error);
        continue;
      }
    }
    await ledger.write([{ delete: { pk, sk }, if: { any: true } }]);
  }
  if (failures.length > 0) throw failures[0];
  return told;
}
