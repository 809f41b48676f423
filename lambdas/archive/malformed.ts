import { Failure } from "../../core/model/failures.ts";

const HINT = "Export and land it again, undamaged; the refused bytes stay where they landed.";

/** The archive breaks its contract. */
export const malformed = (code: string, message: string, details: Record<string, unknown> = {}): Failure =>
  new Failure("Malformed", message, { code, what: "read an archive", hint: HINT, details });

/** Names of members go into messages: cut, and without control characters. */
export const shown = (name: string): string => JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
