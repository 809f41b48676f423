import { Failure } from "../model/failures.ts";

export const staleItem = (pk: string, sk: string, cause?: unknown): Failure =>
  new Failure("Conflict", `The ledger item ${pk} / ${sk} was changed by somebody else.`, {
    code: "stale_item",
    what: "write to the ledger",
    hint: "Read the item again and decide anew.",
    details: { pk, sk },
    cause,
  });
