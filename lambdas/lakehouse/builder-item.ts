import type { Ledger, LedgerItem, LedgerWrite } from "../../core/io/ports.ts";
import { outlast } from "../../core/io/retry-conflict.ts";
import { BuilderState, NOTHING_REQUESTED } from "../../core/model/staleness.ts";
import { ifUnchanged } from "../../core/io/ledger-conditions.ts";

export const LAKEHOUSE = "lakehouse";
const BUILDER = "builder";

/** A burst of 200 landings writes one item 200 times; each loser of a race reads again. */
const PATIENCE = { attempts: 60, firstPauseMs: 5, lastPauseMs: 400 } as const;

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
export const changeBuilder = <T>(
  ledger: Ledger,
  decide: (state: BuilderState) => BuilderChange<T> | Promise<BuilderChange<T>>,
): Promise<T> =>
  outlast(
    async () => {
      const found = await ledger.get(LAKEHOUSE, BUILDER);
      const { state, writes = [], result } = await decide(stateOf(found));
      const condition = ifUnchanged(found);
      const own: LedgerWrite[] =
        state === undefined ? [] : [{ put: { pk: LAKEHOUSE, sk: BUILDER, data: state }, if: condition }];
      if (own.length + writes.length > 0) await ledger.write([...own, ...writes]);
      return result;
    },
    { ...PATIENCE, code: "builder_contended", what: "change the builder's item" },
  );

const stateOf = (found: LedgerItem | undefined): BuilderState =>
  found === undefined ? NOTHING_REQUESTED : BuilderState.parse(found.data);
