import * as z from "zod";
import { readAwsError } from "./errors.ts";
import type { EncodedWrite } from "./ledger-expressions.ts";

/** The write of the batch whose condition did not hold. */
export function staleIndex(error: unknown): number | undefined {
  const shape = readAwsError(error);
  if (shape?.name === "ConditionalCheckFailedException") return 0;
  const index = (shape?.CancellationReasons ?? []).findIndex(({ Code }) => Code === "ConditionalCheckFailed");
  return index < 0 ? undefined : index;
}

const PASSES = /^(None|TransactionConflict|ThrottlingError|ProvisionedThroughputExceeded)$/;

/**
 * Refused for what others were doing at that moment, which says nothing of the condition. The SDK tries neither again:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
 */
export function isCollision(error: unknown): boolean {
  const { name, CancellationReasons: reasons = [] } = readAwsError(error) ?? {};
  if (name === "TransactionConflictException") return true;
  return name === "TransactionCanceledException" && reasons.every(({ Code = "None" }) => PASSES.test(Code));
}

const Found = z.object({
  Item: z.object({ rev: z.object({ N: z.string() }), data: z.object({ S: z.string() }) }).optional(),
});

/**
 * Whether an earlier attempt of the same request had got through and only its answer was lost: then the next attempt
 * finds what it wanted to write. A transaction carries a token by which DynamoDB knows it again; a single write does not.
 */
export function isOwnWrite(write: EncodedWrite, error: unknown): boolean {
  if ((readAwsError(error)?.$metadata?.attempts ?? 1) === 1) return false;
  const item = Found.safeParse(error).data?.Item;
  if (write.update === undefined) return item === undefined;
  return item !== undefined && Number(item.rev.N) === write.rev && item.data.S === write.text;
}
