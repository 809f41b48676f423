import { ByteSource } from "../../archive/byte-source.ts";
import { GZIP_MAGIC, gunzip } from "../../archive/gunzip.ts";
import { malformed } from "../../archive/malformed.ts";
import { readTar } from "../../archive/read-tar.ts";
import type { EdxorgLimits } from "./limits.ts";
import type { Category } from "./member-name.ts";
import { fileChunks, type SpooledFile } from "./output-spool.ts";

const TAR_MAGIC = "ustar";
const TAR_MAGIC_END = 257 + TAR_MAGIC.length;

/**
 * A member that is stored as it came, looked at while it is at hand, so that a damaged one is named by its archive.
 * Throws Malformed `invalid_json`, `not_gzip`, `gzip_truncated`, `gzip_crc`, `trailing_bytes`, `expansion_limit`; of a
 * course that is a tar without gzip, `tar_truncated` and `tar_corrupt`.
 */
export async function verifyMember(category: Category, file: SpooledFile, limits: EdxorgLimits): Promise<void> {
  if (category === "course_structure" && file.sizeBytes <= limits.jsonBytes) await verifyJson(file);
  if (category === "course_xml") await verifyGzip(file, limits.courseBytes);
}

async function verifyJson(file: SpooledFile): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of fileChunks(file.path)) chunks.push(chunk);
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw malformed("invalid_json", "The member is not JSON in UTF-8.");
  }
}

async function verifyGzip(file: SpooledFile, limit: number): Promise<void> {
  const source = new ByteSource(fileChunks(file.path));
  const head = await source.take(TAR_MAGIC_END);
  if (!head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) return verifyTar(source, head);
  source.unread([head.subarray(GZIP_MAGIC.length)]);
  let bytes = 0;
  for await (const chunk of gunzip(source, { members: 0, paddingBytes: 0 })) {
    bytes += chunk.length;
    if (bytes > limit) throw malformed("expansion_limit", `The member unpacks to more than ${limit} bytes.`);
  }
}

/** The name says gzip, and some courses are the bare tar: whoever unpacks them goes by content. */
async function verifyTar(source: ByteSource, head: Buffer): Promise<void> {
  if (head.subarray(-TAR_MAGIC.length).toString("latin1") !== TAR_MAGIC) {
    throw malformed("not_gzip", "The member is no gzip.");
  }
  source.unread([head]);
  await readTar(source.rest(), async (_header, body) => {
    for await (const chunk of body) void chunk;
  });
}
