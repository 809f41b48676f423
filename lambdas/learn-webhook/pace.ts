import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { retryConflict } from "../../core/io/retry-conflict.ts";
import { ifUnchanged } from "../../core/io/ledger-conditions.ts";

/** Ten calls a second in one environment, whoever makes them. */
const SPACING_MS = 100;
const PACE = { pk: "learn-pace", sk: "next" } as const;
const Next = z.object({ at: z.number() });

/** Waits for its turn: a call that comes alone goes at once. */
export async function inPace(
  ledger: Ledger,
  clock: () => number = Date.now,
  wait: (ms: number) => Promise<unknown> = pause,
): Promise<void> {
  const turn = await retryConflict(async () => {
    const item = await ledger.get(PACE.pk, PACE.sk);
    const now = clock();
    // A clock that was put back, or another machine's, holds nobody up for long.
    const next = Math.min(Next.safeParse(item?.data).data?.at ?? now, now + 60_000);
    const at = Math.max(now, next);
    const condition = ifUnchanged(item);
    await ledger.write([{ put: { ...PACE, data: { at: at + SPACING_MS } }, if: condition }]);
    return at - now;
  });
  if (turn > 0) await wait(turn);
}
