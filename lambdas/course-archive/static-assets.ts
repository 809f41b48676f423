import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { lookup } from "mime-types";
import { pack, type Pack } from "tar-stream";
import { ContentDigest } from "../../core/model/content-digest.ts";
import { withoutSecretFields } from "./policy.ts";
import type { Member } from "./read-archive.ts";
import type { Spool } from "./spool.ts";

export interface StaticAsset {
  /** Path without the root. */
  readonly path: string;
  readonly mime_type: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

export interface StaticAssets {
  readonly manifest: {
    /** Content digest of the bundle, paths included. */
    readonly data_version: string;
    readonly file_count: number;
    readonly files: readonly StaticAsset[];
  };
  /** Policy files that hold secrets and could not be cleaned: not in the bundle. */
  readonly withheld: readonly string[];
}

/**
 * Every file that is not XML, outside `drafts/`, as a tar.gz at `target`. The same files give the same bytes:
 * sorted paths, no times, no owners. Secrets of policy files are removed first.
 */
export async function bundleStaticAssets(
  members: readonly Member[],
  root: string,
  spool: Spool,
  target: string,
): Promise<StaticAssets> {
  const tar = pack();
  const written = pipeline(bytesOf(tar), createGzip({ level: 6 }), createWriteStream(target));
  written.catch(() => undefined);
  const digest = new ContentDigest();
  const files: StaticAsset[] = [];
  const withheld: string[] = [];
  for (const member of members) {
    const path = assetPath(member.path, root);
    if (path === undefined) continue;
    const cleaned = path.startsWith("policies/") ? await cleanPolicy(member, spool) : member;
    if (cleaned === undefined) {
      withheld.push(path);
      continue;
    }
    const size = "bytes" in cleaned ? cleaned.bytes.byteLength : cleaned.sizeBytes;
    const chunks = "bytes" in cleaned ? [cleaned.bytes] : spool.stream(cleaned);
    digest.member(path, size);
    const hash = createHash("sha256");
    await addFile(tar, path, size, chunks, (chunk) => {
      digest.bytes(chunk);
      hash.update(chunk);
    });
    const type = lookup(path) || "application/octet-stream";
    files.push({ path, mime_type: type, size_bytes: size, sha256: hash.digest("hex") });
  }
  tar.finalize();
  await written;
  return { manifest: { data_version: digest.hex(), file_count: files.length, files }, withheld };
}

function assetPath(path: string, root: string): string | undefined {
  if (!path.startsWith(`${root}/`) || path.endsWith(".xml")) return undefined;
  const inside = path.slice(root.length + 1);
  return inside.startsWith("drafts/") ? undefined : inside;
}

async function cleanPolicy(member: Member, spool: Spool): Promise<Member | { bytes: Buffer } | undefined> {
  if (!member.path.endsWith(".json")) return member;
  const bytes = withoutSecretFields(await spool.read(member));
  return bytes === undefined ? undefined : { bytes };
}

async function addFile(
  tar: Pack,
  name: string,
  size: number,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
): Promise<void> {
  const header = { name, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" };
  await new Promise<void>((resolve, reject) => {
    const entry = tar.entry(header, (error) => (error ? reject(error) : resolve()));
    const copy = async () => {
      for await (const chunk of chunks) {
        see(chunk);
        if (!entry.write(chunk)) await new Promise<void>((drained) => entry.once("drain", () => drained()));
      }
      entry.end(null);
    };
    copy().catch(reject);
  });
}

async function* bytesOf(tar: Pack): AsyncIterable<Uint8Array> {
  for await (const chunk of tar) if (chunk instanceof Uint8Array) yield chunk;
}
