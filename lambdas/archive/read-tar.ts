import { extract, type Extract, type Header } from "tar-stream";
import { isFailure } from "../../core/model/failures.ts";
import { malformed, shown } from "./malformed.ts";
import { withoutSparseMaps } from "./sparse-maps.ts";

const OPTIONS = {
  // Every chunk is waited for: what came before a fault in the next one holds whole members.
  highWaterMark: 1,
  // Tars of before POSIX name no format: their checksum tells them from anything else. The types do not know it.
  allowUnknownFormat: true,
};

/**
 * Reads a tar to its end; `take` has one member at a time and must read its body to the end. Names, modes and links
 * never reach the file system here. Throws Malformed `tar_truncated`, `tar_corrupt`; what `chunks` or `take` throw
 * comes out as it is.
 */
export async function readTar(
  chunks: AsyncIterable<Uint8Array>,
  take: (header: Header, body: AsyncIterable<unknown>) => Promise<void>,
): Promise<void> {
  const tar = extract(OPTIONS);
  let taking = Promise.resolve();
  tar.on("entry", (header, body, next) => {
    taking = take(asRead(header), body).then(
      () => next(),
      (error: unknown) => next(error instanceof Error ? error : new Error(String(error))),
    );
  });
  try {
    await feed(tar, withoutSparseMaps(chunks));
  } catch (error) {
    // A member whose bytes have all come is taken to its end.
    await taking;
    throw tarFault(error);
  }
}

/** A folder of those tars is a file without bytes whose name ends in a slash. */
const asRead = (header: Header): Header =>
  header.type === "file" && header.size === 0 && header.name.endsWith("/") ? { ...header, type: "directory" } : header;

/** tar-stream gives null for types that it does not know. Modes, owners and times are never used. */
export function refuseType({ name, type, linkname, pax }: Pick<Header, "name" | "type" | "linkname" | "pax">): void {
  if (type === "symlink" || type === "link") {
    const target = shown(linkname ?? "");
    throw malformed("unsafe_link", `The archive holds the link ${shown(name)} to ${target}; links are not followed.`);
  }
  const sparse = typeof pax === "object" && Object.keys(pax ?? {}).some((key) => key.startsWith("GNU.sparse"));
  if (sparse || (type !== "file" && type !== "directory" && type !== "contiguous-file")) {
    const kind = sparse ? "sparse file" : (type ?? "member of unknown type");
    throw malformed(
      "unsafe_member_type",
      `The archive holds ${shown(name)}, a ${kind}; only files and folders are read.`,
    );
  }
}

/** Its stream is not one of Node's, whose pipeline would not see its end. */
async function feed(tar: Extract, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const closed = Promise.withResolvers<void>();
  closed.promise.catch(() => undefined);
  let isClosed = false;
  // A race with `closed` would be kept by it for every chunk, as long as the tar is read.
  let goOn = (): void => undefined;
  const close = (): void => {
    isClosed = true;
    goOn();
  };
  tar.on("drain", () => goOn());
  tar.on("close", () => {
    closed.resolve();
    close();
  });
  tar.on("error", (error) => {
    closed.reject(error);
    close();
  });
  try {
    for await (const chunk of chunks) {
      if (tar.write(chunk)) continue;
      if (!isClosed) await new Promise<void>((resolve) => (goOn = resolve));
      if (isClosed) await closed.promise;
    }
  } catch (error) {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
  tar.end(null);
  await closed.promise;
}

function tarFault(error: unknown): unknown {
  if (isFailure(error) || !(error instanceof Error)) return error;
  if (error.message === "Unexpected end of data") return malformed("tar_truncated", "The tar ends inside a member.");
  if (/^Invalid (tar )?header|^Header exceeds/.test(error.message)) {
    // The library goes on to guess that it is still compressed, which whoever unpacks has made sure of.
    const reason = error.message.slice(0, 200).replace(/\. Maybe .*$/, ".");
    return malformed("tar_corrupt", `The tar cannot be read: ${reason}`);
  }
  return error;
}
