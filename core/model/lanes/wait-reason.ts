import { capRoom, freeSlots } from "./grant.ts";
import type { CapState, Closure, LaneLimits, LaneState } from "./lane-state.ts";

/** Why a run is not granted now; the first that applies. */
export type WaitReason =
  | { readonly why: "delayed"; readonly until: number }
  | { readonly why: "lane-undeclared" }
  | ({ readonly why: "lane-closed" } & Closure)
  | { readonly why: "lane-full"; readonly slots: number; readonly heldBy: readonly string[] }
  | { readonly why: "cap"; readonly cap: number }
  /** Others of the lane take the slots that are free. */
  | { readonly why: "behind"; readonly others: number }
  /** The next dispatch takes it. */
  | { readonly why: "due" };

/** Of the run with so many others before it, in a lane as it is declared now. */
export function waitReason(
  behind: number,
  limits: LaneLimits | undefined,
  lane: LaneState,
  cap: { readonly state: CapState; readonly limit: number },
): WaitReason {
  if (limits === undefined) return { why: "lane-undeclared" };
  if (lane.closed !== null) return { why: "lane-closed", ...lane.closed };
  const free = freeSlots(lane, limits);
  if (free === 0) return { why: "lane-full", slots: limits.slots, heldBy: lane.running.map(({ name }) => name) };
  const room = capRoom(cap.state, cap.limit);
  if (room === 0) return { why: "cap", cap: cap.limit };
  return behind < Math.min(free, room) ? { why: "due" } : { why: "behind", others: behind };
}

/** The reason in words. */
export function waitText(reason: WaitReason): string {
  switch (reason.why) {
    case "delayed":
      return `delayed until ${new Date(reason.until).toISOString()}`;
    case "lane-undeclared":
      return "its lane is not declared in this environment";
    case "lane-closed":
      return `lane closed: ${reason.class}: ${reason.reason}`;
    case "lane-full":
      // The list shows those that hold one; of a few it is news who they are.
      return `all ${reason.slots} slots are held${reason.slots > 2 ? "" : ` by ${reason.heldBy.join(", ")}`}`;
    case "cap":
      return `as many runs as may run at once in the environment: ${reason.cap}`;
    case "behind":
      return `behind ${reason.others} others`;
    case "due":
      return "starts next";
  }
}
