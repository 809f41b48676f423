import { malformed, shown } from "./malformed.ts";

/**
 * The path of a member as everything else names it: no leading `./`, no `.` segments, no doubled or final slash.
 * Throws Malformed `unsafe_path` for whatever could point out of the archive. `undefined` = the archive's own root.
 */
export function memberPath(name: string): string | undefined {
  const unsafe = (reason: string) =>
    malformed("unsafe_path", `The archive holds the member ${shown(name)}, which ${reason}.`, {
      member: name.slice(0, 200),
    });
  if (/[\x00-\x1f\x7f]/.test(name)) throw unsafe("has a control character in its name");
  if (name.startsWith("/") || name.startsWith("\\") || /^[A-Za-z]:[\\/]/.test(name))
    throw unsafe("has an absolute path");
  if (name.split(/[\\/]/).includes("..")) throw unsafe("leads out of its folder");
  const path = name
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/");
  return path === "" ? undefined : path;
}

/** Companion files that macOS adds to archives; they hold no course content. */
export const isAppleDouble = (path: string): boolean => path.slice(path.lastIndexOf("/") + 1).startsWith("._");
