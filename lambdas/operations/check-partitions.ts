import * as z from "zod";
import { openItems } from "../../core/io/items.ts";
import { checkPartitions } from "../../core/io/partition-checks.ts";
import { task } from "../../core/task.ts";

/** The daily look at every partitioned asset: which partitions' latest runs failed, and what to do about them. */
export const handler = task({
  name: "CheckPartitions",
  input: z.looseObject({}),
  run: (_, { io, settings, run }) =>
    checkPartitions({ ledger: io.ledger, executions: io.executions, items: openItems(io.ledger), settings, run }),
});
