import { Failure } from "../../../core/model/failures.ts";

const HINT = "Export the course again and land the new archive; the refused bytes stay where they landed.";

/** The archive breaks its contract: nothing of it is published. */
export const malformed = (code: string, message: string, details: Record<string, unknown> = {}): Failure =>
  new Failure("Malformed", message, { code, what: "read a course archive", hint: HINT, details });

/** Names of members go into messages: cut, and without control characters. */
export const shown = (name: string): string => JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
