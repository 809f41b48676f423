import * as z from "zod";
import type { Ledger } from "../../../core/io/ports.ts";
import { ifUnchanged } from "../../../core/io/ledger-conditions.ts";

const ABSENCES = "openedx-absences";

/** In how many complete lists in a row each known course run was not. */
const Absences = z.object({
  /** The run that counted last: its second attempt saw no other list. */
  countedBy: z.string(),
  lists: z.record(z.string(), z.number().int().positive()),
});

export type AbsentLists = ReadonlyMap<string, number>;

/**
 * Counts one complete list in which these course runs were not; whoever is not among them begins anew. The same `run`
 * counts once. A record that nobody can read is none.
 */
export async function countAbsences(
  ledger: Ledger,
  deployment: string,
  run: string,
  absent: ReadonlySet<string>,
): Promise<AbsentLists> {
  const item = await ledger.get(ABSENCES, deployment);
  const known = Absences.safeParse(item?.data).data;
  const more = known?.countedBy === run ? 0 : 1;
  const lists = new Map([...absent].map((id) => [id, Math.max(1, (known?.lists[id] ?? 0) + more)]));
  if (lists.size === 0 && Object.keys(known?.lists ?? {}).length === 0) return lists;
  const data = { countedBy: run, lists: Object.fromEntries(lists) };
  const condition = ifUnchanged(item);
  await ledger.write([{ put: { pk: ABSENCES, sk: deployment, data }, if: condition }]);
  return lists;
}
