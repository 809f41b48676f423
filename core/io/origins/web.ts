import { Failure } from "../../model/failures.ts";
import type { OriginDeclaration } from "../../model/origins.ts";
import { requestBytes } from "../http-bytes.ts";
import type { Origin, OriginObject } from "./origin.ts";
import { patiently, sleepFor, type Sleep } from "./patience.ts";
import { arrived, changed, rangeOf, refused } from "./replies.ts";

const LOOK_TIMEOUT_MS = 30_000;
const READ_TIMEOUT_MS = 120_000;
const MESSAGE_BYTES = 4_096;

type Declared = Extract<OriginDeclaration, { kind: "http" }>;

/**
 * Named files of a web server. Versions are ETags, or else the time of the last change and the length; a file that is
 * not there is not listed. Sums are in no header that servers agree on: lengths and versions are what is checked.
 */
export function webOrigin(
  id: string,
  { address, files }: Declared,
  { sleep = sleepFor }: { readonly sleep?: Sleep } = {},
): Origin {
  const base = address.replace(/\/*$/, "/");
  const uri = (name: string): string => base + name.split("/").map(encodeURIComponent).join("/");

  const look = (name: string, signal?: AbortSignal): Promise<OriginObject | undefined> => {
    const what = `look at ${uri(name)}`;
    return patiently(
      async () => {
        const reply = arrived(
          await requestBytes({
            ...{ url: uri(name), method: "HEAD", timeoutMs: LOOK_TIMEOUT_MS, maxBytes: MESSAGE_BYTES },
            ...(signal === undefined ? {} : { signal }),
          }),
          what,
        );
        if (reply.status === 404 || reply.status === 410) return undefined;
        if (reply.status !== 200) throw refused(reply, what);
        const [size, tag] = [reply.headers.get("content-length"), reply.headers.get("etag")];
        const updated = new Date(reply.headers.get("last-modified") ?? "");
        const isDated = !Number.isNaN(updated.getTime());
        if (size === null || (tag === null && !isDated)) throw unversioned(uri(name));
        const version = tag ?? `${updated.toISOString()} ${size}`;
        return { name, sizeBytes: Number(size), version, updated: isDated ? updated : new Date(0) };
      },
      sleep,
      signal,
    );
  };

  return {
    id,
    uri,
    list: async function* (prefix, signal) {
      const found: OriginObject[] = [];
      for (const name of files.filter((one) => one.startsWith(prefix)).toSorted()) {
        const object = await look(name, signal);
        if (object !== undefined) found.push(object);
      }
      yield found;
    },
    read: ({ name, version }, range, signal) =>
      patiently(
        async () => {
          const pinned: Record<string, string> = version.startsWith('"')
            ? { "If-Match": version }
            : version.startsWith("W/")
              ? {}
              : { "If-Unmodified-Since": new Date(version.split(" ", 1)[0] ?? "").toUTCString() };
          const what = `read ${uri(name)}`;
          const reply = arrived(
            await requestBytes({
              ...{ url: uri(name), timeoutMs: READ_TIMEOUT_MS, maxBytes: range.end - range.start + 1 },
              headers: { ...pinned, Range: `bytes=${range.start}-${range.end}` },
              ...(signal === undefined ? {} : { signal }),
            }),
            what,
          );
          const isGone = reply.status === 404 || reply.status === 410 || reply.status === 412;
          const tag = reply.headers.get("etag");
          // Not every server knows conditions; every reply names what it is of.
          if (isGone || (/^(W\/)?"/.test(version) && tag !== null && tag !== version))
            throw changed(uri(name), { version });
          if (reply.status !== 200 && reply.status !== 206) throw refused(reply, what);
          return rangeOf(reply, uri(name), range);
        },
        sleep,
        signal,
      ),
  };
}

const unversioned = (uri: string): Failure =>
  new Failure("Malformed", `${uri} states no length, or neither an ETag nor when it was last changed.`, {
    code: "origin_unversioned",
    what: `look at ${uri}`,
    hint: "What has no version cannot be told from what it was: have the server state one.",
  });
