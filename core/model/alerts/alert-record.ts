import * as z from "zod";
import { AlertEvent } from "./alert-event.ts";

/** Place of an event among those of a window: `number` counts from 1. */
const Place = z.object({ key: z.string(), number: z.number().int() });
export type Place = z.infer<typeof Place>;

/** One alert as it is kept and shown. */
export const AlertRecord = z.object({
  event: AlertEvent,
  /**
   * `waiting`: neither told nor settled. `counted`: the next message of its fingerprint carries it.
   * `not-sent`: kept only; `reason` says why.
   */
  status: z.enum(["waiting", "sent", "counted", "not-sent"]),
  reason: z.string().nullable(),
  /** The window that its message is due in; null = it has none of its own. */
  place: Place.nullable(),
  /** One of a storm: the grouped message takes the place of its own. */
  grouped: z.boolean(),
  /** It is known when what failed has come right. */
  tracked: z.boolean(),
  /** Keys of windows in which its success has ended the last failure. */
  closes: z.array(z.string()),
  /** Messages of it that Slack has accepted. */
  partsSent: z.number().int(),
  recordedAt: z.string(),
  sentAt: z.string().nullable(),
  lastError: z.string().nullable(),
});
export type AlertRecord = z.infer<typeof AlertRecord>;
