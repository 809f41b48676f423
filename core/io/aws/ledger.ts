import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type QueryCommandInput,
  paginateQuery,
} from "@aws-sdk/client-dynamodb";
import { staleItem } from "../ledger-failures.ts";
import { checkTransaction, pageSize } from "../limits.ts";
import type { Ledger, LedgerItem } from "../ports.ts";
import { again, CLIENT } from "./client.ts";
import { awsFailure } from "./errors.ts";
import { encodeWrite, type EncodedWrite } from "./ledger-expressions.ts";
import { isCollision, isOwnWrite, staleIndex } from "./ledger-refusals.ts";

/**
 * The ledger in DynamoDB: keys `pk` and `sk`, TTL attribute `expiresAt`. `data` is JSON text and not an
 * attribute map: nothing filters on its fields, it reads back exactly as SQLite's, and its size is known beforehand.
 */
export function awsLedger(table: string): Ledger {
  const dynamo = new DynamoDBClient(CLIENT);

  const single = { TableName: table, ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;

  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw awsFailure(error, what);
    }
  };

  /** One write costs half of a transaction of one, and never collides with others' transactions in flight. */
  const send = async (writes: readonly EncodedWrite[]): Promise<void> => {
    const [first] = writes;
    if (first === undefined) return;
    if (writes.length > 1) {
      await dynamo.send(
        new TransactWriteItemsCommand({ TransactItems: writes.map((write) => write.inTransaction(table)) }),
      );
    } else if (first.update !== undefined) {
      await dynamo.send(new UpdateItemCommand({ ...single, ...first.update }));
    } else {
      await dynamo.send(new DeleteItemCommand({ ...single, ...first.remove }));
    }
  };

  return {
    get: (pk, sk) =>
      attempt(`read the ledger item ${pk} / ${sk} of ${table}`, async () => {
        const { Item } = await dynamo.send(
          new GetItemCommand({ TableName: table, Key: { pk: { S: pk }, sk: { S: sk } }, ConsistentRead: true }),
        );
        const item = Item === undefined ? undefined : ledgerItem(Item);
        return item?.expiresAt !== undefined && item.expiresAt <= now() ? undefined : item;
      }),

    write: (batch) =>
      attempt(`write ${batch.length} ledger items to ${table}`, async () => {
        const writes = batch.map((write) => encodeWrite(write, now()));
        checkTransaction(writes);
        try {
          await again(() => send(writes), isCollision);
        } catch (error) {
          const stale = staleIndex(error);
          const write = stale === undefined ? undefined : writes[stale];
          if (write !== undefined && writes.length === 1 && isOwnWrite(write, error)) return;
          throw write === undefined ? error : staleItem(write.pk, write.sk, error);
        }
      }),

    query: (pk, { prefix = "", after, limit, descending = false } = {}) =>
      attempt(`query the ledger partition ${pk} of ${table}`, async () => {
        const size = pageSize(limit);
        const start = startKey(pk, prefix, after, descending);
        if (start === "nothing") return { items: [] };
        const items: LedgerItem[] = [];
        const input: QueryCommandInput = {
          TableName: table,
          ConsistentRead: true,
          ScanIndexForward: !descending,
          KeyConditionExpression: prefix === "" ? "pk = :pk" : "pk = :pk AND begins_with(sk, :prefix)",
          FilterExpression: "attribute_not_exists(expiresAt) OR expiresAt > :now",
          ExpressionAttributeValues: {
            ":pk": { S: pk },
            ":now": { N: String(now()) },
            ...(prefix === "" ? {} : { ":prefix": { S: prefix } }),
          },
          ExclusiveStartKey: start,
        };
        for await (const page of paginateQuery({ client: dynamo, pageSize: size }, input)) {
          items.push(...(page.Items ?? []).map(ledgerItem));
          const last = items[size - 1];
          // One look more than needed may follow: DynamoDB says "maybe more" also at the end.
          if (last !== undefined && (items.length > size || page.LastEvaluatedKey !== undefined)) {
            return { items: items.slice(0, size), next: last.sk };
          }
        }
        return { items };
      }),
  };
}

/** DynamoDB refuses a start outside the prefix, where our port gives it a meaning. */
function startKey(
  pk: string,
  prefix: string,
  after: string | undefined,
  descending: boolean,
): Record<string, AttributeValue> | undefined | "nothing" {
  if (after === undefined || after === "") return undefined;
  if (after.startsWith(prefix)) return { pk: { S: pk }, sk: { S: after } };
  const before = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0;
  return before === descending ? "nothing" : undefined;
}

function ledgerItem(item: Record<string, AttributeValue>): LedgerItem {
  const { pk, sk, rev, expiresAt, data } = item;
  const value: unknown = JSON.parse(data?.S ?? "null");
  return {
    pk: pk?.S ?? "",
    sk: sk?.S ?? "",
    rev: Number(rev?.N),
    ...(expiresAt?.N === undefined ? {} : { expiresAt: Number(expiresAt.N) }),
    data: value,
  };
}

const now = (): number => Math.floor(Date.now() / 1_000);
