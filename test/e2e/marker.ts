import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** A unique text that no program writes by itself. Letters and digits only: no format escapes them. */
export const newMarker = (): string => `Canary${randomBytes(12).toString("hex")}`;

/** The marker as bytes in every form that a secret is written in by accident. */
function forms(marker: string): readonly Buffer[] {
  const bytes = Buffer.from(marker);
  // Base64 of a text depends on where it begins: three ways, without the characters that its neighbours share.
  const base64 = [0, 1, 2].map((lead) => {
    const text = Buffer.concat([Buffer.alloc(lead), bytes])
      .toString("base64")
      .replaceAll("=", "");
    return text.slice(Math.ceil((lead * 8) / 6), -1);
  });
  const texts = [marker, bytes.toString("hex"), bytes.toString("hex").toUpperCase(), ...base64];
  const url = base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [...texts, ...url].flatMap((text) => [Buffer.from(text), Buffer.from(text, "utf16le")]);
}

/** Whether bytes hold the marker, also inside gzip. */
export function holds(bytes: Buffer, marker: string): boolean {
  if (forms(marker).some((form) => bytes.includes(form))) return true;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return false;
  try {
    return holds(gunzipSync(bytes), marker);
  } catch {
    // A damaged gzip was searched as it is.
    return false;
  }
}

/** Files below a folder that hold the marker, relative to it; `looked` counts all. Symbolic links are not followed. */
export function search(folder: string, marker: string): { readonly found: readonly string[]; readonly looked: number } {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.isFile(),
  );
  return {
    found: files.filter((name) => holds(readFileSync(join(folder, name)), marker)).sort(),
    looked: files.length,
  };
}
