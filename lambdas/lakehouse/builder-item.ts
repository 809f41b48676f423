import { setTimeout as pause } from "node:timers/promises";
import type { Ledger, LedgerItem, LedgerWrite } from "../../core/io/ports.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import { BuilderState, NOTHING_REQUESTED } from "../../core/model/staleness.ts";

export const LAKEHOUSE = "lakehouse";
const BUILDER = "builder";

/** A burst of 200 landings writes one item 200 times; each loser of a race reads again. */
const ATTEMPTS = 60;
const LONGEST_PAUSE_MS = 400;

export interface BuilderChange<T> {
  /** Undefined = leave it. */
  readonly state?: BuilderState | undefined;
  /** Written in the same transaction. */
  readonly writes?: readonly LedgerWrite[];
  readonly result: T;
}

/**
 * Changes the builder's item by what `decide` makes of its present state: all or nothing, decided anew when somebody
 * else was faster. Throws Transient `builder_contended` after too many lost races.
 */
export async function changeBuilder<T>(
  ledger: Ledger,
  decide: (state: BuilderState) => BuilderChange<T> | Promise<BuilderChange<T>>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await ledger.get(LAKEHOUSE, BUILDER);
    const { state, writes = [], result } = await decide(stateOf(found));
    if (state === undefined && writes.length === 0) return result;
    const own: LedgerWrite[] =
      state === undefined
        ? []
        : [
            {
              put: { pk: LAKEHOUSE, sk: BUILDER, data: state },
              if: found === undefined ? { absent: true } : { rev: found.rev },
            },
          ];
    try {
      await ledger.write([...own, ...writes]);
      return result;
    } catch (error) {
      if (!(isFailure(error) && error.name === "Conflict")) throw error;
      if (attempt === ATTEMPTS) throw contended(error);
      await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, 5 * 2 ** Math.min(attempt, 10)));
    }
  }
}

const stateOf = (found: LedgerItem | undefined): BuilderState =>
  found === undefined ? NOTHING_REQUESTED : BuilderState.parse(found.data);

const contended = (cause: unknown): Failure =>
  new Failure("Transient", `The builder's item was changed by others ${ATTEMPTS} times in a row.`, {
    code: "builder_contended",
    what: "change the builder's item",
    hint: "It is tried again; many assets changed at once.",
    cause,
  });
