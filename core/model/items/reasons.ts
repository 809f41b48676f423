import * as z from "zod";

/** Why the rule asks by itself; a request for one of these is for all that are pending. */
export const AutomaticReason = z.enum(["failed-once", "upstream-changed", "code-changed", "missing"]);
export type AutomaticReason = z.infer<typeof AutomaticReason>;

/** Why a person or a backfill asks: one request each, which clears no change. */
export const AskReason = z.enum(["manual", "backfill"]);
export type AskReason = z.infer<typeof AskReason>;

export const Reason = z.enum([...AskReason.options, ...AutomaticReason.options]);
export type Reason = z.infer<typeof Reason>;

/** Highest first. */
export const PRIORITIES = ["manual", "failed-once", "scheduled", "event", "backfill"] as const;
export const Priority = z.enum(PRIORITIES);
export type Priority = z.infer<typeof Priority>;

/** A change is asked for as the event that it is, also when a sweep found it. */
export const priorityOf = (reason: Reason): Priority =>
  reason === "manual" || reason === "failed-once" || reason === "backfill" ? reason : "event";

/** Classes that another run of the same input and code cannot clear. */
export const isPermanent = (failureClass: string): boolean =>
  failureClass === "Rejected" || failureClass === "Malformed" || failureClass === "Misconfigured";
