import type { AttributeValue, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { encodeItem } from "../limits.ts";
import type { LedgerCondition, LedgerWrite } from "../ports.ts";

interface Request {
  readonly Key: Record<string, AttributeValue>;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

export interface EncodedWrite {
  readonly pk: string;
  readonly sk: string;
  /** JSON of the data; empty for a delete. */
  readonly text: string;
  /** That it leaves behind; undefined where it counts on, and for a delete. */
  readonly rev?: number;
  readonly update?: Request & { readonly UpdateExpression: string };
  readonly remove: Request;
  inTransaction(table: string): TransactWriteItem;
}

/** An item past its time that DynamoDB has not removed yet counts as absent. */
const EXPIRED = "expiresAt <= :now";

/**
 * A put is an UpdateItem, because only that can raise `rev` in the same request.
 * `any` on an item past its time goes on counting instead of starting at 1, which nobody can tell apart.
 */
export function encodeWrite(write: LedgerWrite, now: number): EncodedWrite {
  const { pk, sk } = "put" in write ? write.put : write.delete;
  const Key = { pk: { S: pk }, sk: { S: sk } };
  const { ConditionExpression, names, values } = condition(write.if, now);
  const Condition = ConditionExpression === undefined ? {} : { ConditionExpression };
  if ("delete" in write) {
    const remove = { Key, ...Condition, ...attributes(names, values) };
    return { pk, sk, text: "", remove, inTransaction: (table) => ({ Delete: { TableName: table, ...remove } }) };
  }
  const { data, expiresAt } = write.put;
  const text = encodeItem(pk, sk, data);
  const rev = nextRev(write.if);
  const expiry = expiresAt === undefined ? " REMOVE expiresAt" : ", expiresAt = :expiresAt";
  const update = {
    Key,
    ...Condition,
    UpdateExpression: `SET #rev = ${rev.expression}, #data = :data${expiry}`,
    ...attributes(
      { "#rev": "rev", "#data": "data" },
      {
        ...values,
        ...rev.values,
        ":data": { S: text },
        ...(expiresAt === undefined ? {} : { ":expiresAt": { N: String(expiresAt) } }),
      },
    ),
  };
  return {
    pk,
    sk,
    text,
    ...(rev.value === undefined ? {} : { rev: rev.value }),
    update,
    remove: { Key },
    inTransaction: (table) => ({ Update: { TableName: table, ...update } }),
  };
}

interface Condition {
  readonly ConditionExpression?: string;
  readonly names: Record<string, string>;
  readonly values: Record<string, AttributeValue>;
}

function condition(condition: LedgerCondition, now: number): Condition {
  if ("any" in condition) return { names: {}, values: {} };
  const values = { ":now": { N: String(now) } };
  if ("absent" in condition)
    return { ConditionExpression: `attribute_not_exists(pk) OR ${EXPIRED}`, names: {}, values };
  return {
    ConditionExpression: `#rev = :rev AND (attribute_not_exists(expiresAt) OR NOT ${EXPIRED})`,
    names: { "#rev": "rev" },
    values: { ...values, ":rev": { N: String(condition.rev) } },
  };
}

function nextRev(condition: LedgerCondition): {
  readonly expression: string;
  readonly values: Record<string, AttributeValue>;
  readonly value?: number;
} {
  if ("any" in condition) {
    return { expression: "if_not_exists(#rev, :zero) + :one", values: { ":zero": { N: "0" }, ":one": { N: "1" } } };
  }
  const value = "rev" in condition ? condition.rev + 1 : 1;
  return { expression: ":next", values: { ":next": { N: String(value) } }, value };
}

/** DynamoDB refuses empty maps. */
function attributes(names: Record<string, string>, values: Record<string, AttributeValue>) {
  return {
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
}
