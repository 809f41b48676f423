import * as z from "zod";

/** What the engine sends to a function's host process. */
export const HostRequest = z.object({ id: z.number(), payload: z.unknown().optional(), deadline: z.number() });
export type HostRequest = z.infer<typeof HostRequest>;

/** What the host answers. `error` has the fields of Lambda's error object. */
export const HostReply = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: z.object({ errorType: z.string(), errorMessage: z.string(), trace: z.array(z.string()) }).optional(),
});
export type HostReply = z.infer<typeof HostReply>;
