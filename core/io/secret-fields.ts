import * as z from "zod";
import { secretMalformed } from "./secret-failures.ts";

const Fields = z.record(z.string(), z.string());

/** Fields of a secret from its JSON text. Throws Misconfigured `secret_malformed`. */
export function parseFields(role: string, where: string, text: string): Readonly<Record<string, string>> {
  const parsed = Fields.safeParse(parseJson(text));
  if (!parsed.success) throw secretMalformed(role, where);
  return parsed.data;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
