import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { retryConflict } from "../../core/io/retry-conflict.ts";
import { Failure } from "../../core/model/failures.ts";
import type { RowHash } from "./archive/row-hash.ts";

/** As the environment has it (`machineSettings.RowHash`): the machines pass it on. */
export const RowHashSetting = z.enum(["safe", "legacy", "both"]) satisfies z.ZodType<RowHash>;

const PLACE = { pk: "edxorg-row-hash", sk: "tables" };
const Settled = z.object({ rowHash: z.enum(["safe", "legacy"]) });

/** `both` has the column of `safe`, and one more: rows keep their keys when one takes the place of the other. */
const keyOf = (rowHash: RowHash): z.infer<typeof Settled>["rowHash"] => (rowHash === "legacy" ? "legacy" : "safe");

/**
 * The first use settles by what rows are told apart, for the life of the tables. Throws Misconfigured
 * `row_hash_changed` for another: every row would come once more, under another key.
 */
export async function settleRowHash(ledger: Ledger, rowHash: RowHash): Promise<void> {
  const key = keyOf(rowHash);
  const settled = await retryConflict(async () => {
    const item = await ledger.get(PLACE.pk, PLACE.sk);
    if (item !== undefined) return Settled.parse(item.data).rowHash;
    await ledger.write([{ put: { ...PLACE, data: { rowHash: key } }, if: { absent: true } }]);
    return key;
  });
  if (settled === key) return;
  throw new Failure(
    "Misconfigured",
    `The tables of edx.org have "${settled}" row hashes; the environment says "${rowHash}".`,
    {
      code: "row_hash_changed",
      what: "read the row hash of the environment",
      hint: `Set machineSettings.RowHash back to "${settled}", or rebuild the tables: docs/runbooks/edxorg-tables.md.`,
      details: { settled, wanted: rowHash },
    },
  );
}

export const forgetRowHash = (ledger: Ledger): Promise<void> => ledger.write([{ delete: PLACE, if: { any: true } }]);
