import type { DomainEvent } from "../model/events.ts";

/**
 * The detail as consumers see it in both homes. EventBridge gives every delivery an id of its own, so the
 * deterministic id, by which consumers de-duplicate, travels as `eventId` in the detail.
 */
export const eventDetail = (event: DomainEvent): Record<string, unknown> => ({ ...event.detail, eventId: event.id });
