import * as z from "zod";
import type { FailedStep } from "../model/alerts/alert-event.ts";
import type { Ledger } from "./ports.ts";

const Step = z.looseObject({
  status: z.string(),
  failure: z.looseObject({ class: z.string(), code: z.string(), message: z.string() }).optional(),
});

/** Steps of a run whose last attempt failed, as each put it on record (core/run-record.ts). */
export async function failedSteps(ledger: Ledger, run: string): Promise<FailedStep[]> {
  const { items } = await ledger.query(`run#${run}`);
  const last = new Map(items.map(({ sk, data }) => [sk.slice(0, sk.lastIndexOf("#")), Step.parse(data)]));
  return [...last].flatMap(([name, { status, failure }]) =>
    status !== "failed" || failure === undefined
      ? []
      : [{ name, class: failure.class, errorName: failure.code, text: failure.message }],
  );
}
