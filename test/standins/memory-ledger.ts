import { checkTransaction, encodeItem, pageSize } from "../../core/io/limits.ts";
import { staleItem } from "../../core/io/ledger-failures.ts";
import type { Ledger, LedgerItem } from "../../core/io/ports.ts";

/** The ledger's contract without a disk: for histories by the thousand. `now` in epoch seconds. */
export function memoryLedger(now = (): number => Math.floor(Date.now() / 1_000)): Ledger & { items(): LedgerItem[] } {
  const items = new Map<string, LedgerItem & { readonly text: string }>();
  const keyOf = (pk: string, sk: string): string => JSON.stringify([pk, sk]);
  const find = (pk: string, sk: string) => {
    const item = items.get(keyOf(pk, sk));
    return item?.expiresAt !== undefined && item.expiresAt <= now() ? undefined : item;
  };
  const copy = ({ text, ...item }: LedgerItem & { readonly text: string }): LedgerItem => ({
    ...item,
    data: JSON.parse(text) as unknown,
  });
  const order = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  return {
    items: () => [...items.values()].map(copy),
    get: async (pk, sk) => {
      const item = find(pk, sk);
      return item === undefined ? undefined : copy(item);
    },
    write: async (writes) => {
      const encoded = writes.map((write) => {
        const { pk, sk } = "put" in write ? write.put : write.delete;
        return { pk, sk, text: "put" in write ? encodeItem(pk, sk, write.put.data) : "" };
      });
      checkTransaction(encoded);
      for (const write of writes) {
        const { pk, sk } = "put" in write ? write.put : write.delete;
        const rev = find(pk, sk)?.rev ?? 0;
        const rule = write.if;
        if (!("any" in rule || ("absent" in rule ? rev === 0 : rev > 0 && rev === rule.rev))) throw staleItem(pk, sk);
      }
      for (const [index, write] of writes.entries()) {
        const { pk, sk } = "put" in write ? write.put : write.delete;
        const rev = (find(pk, sk)?.rev ?? 0) + 1;
        if ("delete" in write) items.delete(keyOf(pk, sk));
        else items.set(keyOf(pk, sk), { ...write.put, rev, text: encoded[index]?.text ?? "null" });
      }
    },
    query: async (pk, { prefix = "", after, limit, descending = false } = {}) => {
      const size = pageSize(limit);
      const found = [...items.values()]
        .filter((item) => item.pk === pk && item.sk.startsWith(prefix) && find(pk, item.sk) !== undefined)
        .filter(({ sk }) => after === undefined || (descending ? order(sk, after) < 0 : order(sk, after) > 0))
        .sort((a, b) => (descending ? order(b.sk, a.sk) : order(a.sk, b.sk)));
      const page = found.slice(0, size).map(copy);
      const last = page.at(-1);
      return found.length > size && last !== undefined ? { items: page, next: last.sk } : { items: page };
    },
  };
}
