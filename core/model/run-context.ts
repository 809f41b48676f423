import * as z from "zod";

/** Who asks: the same for every task of an execution, set once by the machine's first state. */
export const RunContext = z.object({
  /** Name of the execution; unique within a home. */
  id: z.string().min(1),
  domain: z.string().min(1),
  job: z.string().min(1),
  /** Id of the declared trigger, or `manual`. */
  trigger: z.string().min(1),
  /** ISO 8601, UTC. */
  startedAt: z.string().min(1),
  state: z.string().min(1),
  /** 0 on the first attempt. */
  attempt: z.number().int().nonnegative(),
});
export type RunContext = z.infer<typeof RunContext>;
