import { createHash } from "node:crypto";
import { type Failure, isFailure } from "../../core/model/failures.ts";
import { ByteSource } from "../archive/byte-source.ts";
import { GZIP_MAGIC, gunzip, type GzipParts } from "../archive/gunzip.ts";
import { malformed } from "../archive/gzip-member.ts";
import { wholeLines, type Cut } from "./whole-lines.ts";
import { LF } from "./byte-classes.ts";

/** What the first pass learns of a file. Lengths in bytes. */
export interface ContainerFacts {
  readonly kind: "gzip" | "plain";
  /** Of the object as it lies in the bucket. */
  readonly compressedSha256: string;
  readonly compressedBytes: number;
  readonly members: number;
  /** Zero bytes behind the last member. */
  readonly paddingBytes: number;
  /** Of the text. */
  readonly sha256: string;
  readonly bytes: number;
  readonly newlines: number;
  readonly bytesAfterLastNewline: number;
  /** The file was cut, and these are its complete lines. Their last member's CRC is behind the cut. */
  readonly cut?: Cut;
}

/**
 * Reads a container once and verifies it: `text` yields the decompressed bytes, `facts` is set when the last one was
 * taken. Throws Malformed `gzip_truncated`, `gzip_crc`, `not_gzip`, `empty_object`, `trailing_bytes`: after some text
 * may have been yielded, so nothing may be published before the end. `salvage`: of a gzip that was cut, the complete lines.
 */
export class Container {
  facts: ContainerFacts | undefined;
  private readonly source: ByteSource;
  private readonly mustBeGzip: boolean;
  private kind: "gzip" | "plain" = "plain";
  private readonly salvage: boolean;
  private cut: Cut | undefined;
  private readonly parts: GzipParts = { members: 0, paddingBytes: 0 };

  /** `name` is the object's key: only its ending counts. */
  constructor(chunks: AsyncIterable<Uint8Array>, name: string, { salvage = false } = {}) {
    this.source = new ByteSource(chunks);
    this.salvage = salvage;
    this.mustBeGzip = name.toLowerCase().endsWith(".gz");
  }

  async *text(): AsyncGenerator<Buffer> {
    const hash = createHash("sha256");
    let bytes = 0;
    let newlines = 0;
    let afterNewline = 0;
    const verified = this.verified();
    for await (const chunk of this.salvage ? wholeLines(verified, (cut) => (this.cut = cut)) : verified) {
      hash.update(chunk);
      bytes += chunk.length;
      newlines += countNewlines(chunk);
      const last = chunk.lastIndexOf(LF);
      afterNewline = last < 0 ? afterNewline + chunk.length : chunk.length - last - 1;
      yield chunk;
    }
    this.facts = {
      kind: this.kind,
      ...this.object(),
      ...this.parts,
      sha256: hash.digest("hex"),
      bytes,
      newlines,
      bytesAfterLastNewline: afterNewline,
      ...(this.cut === undefined ? {} : { cut: this.cut }),
    };
  }

  /** Length and sha256 of the object; of the part that was read, if reading stopped. */
  object(): Pick<ContainerFacts, "compressedSha256" | "compressedBytes"> {
    return { compressedSha256: this.source.sha256(), compressedBytes: this.source.length };
  }

  private async *verified(): AsyncGenerator<Buffer> {
    try {
      yield* this.raw();
    } catch (error) {
      // The object is named by its whole content, damaged or not.
      if (isFailure(error) && error.name === "Malformed") await this.source.drain();
      throw error;
    }
  }

  private async *raw(): AsyncGenerator<Buffer> {
    const first = await this.source.take(GZIP_MAGIC.length);
    if (first.equals(GZIP_MAGIC)) {
      this.kind = "gzip";
      yield* gunzip(this.source, this.parts);
      return;
    }
    if (this.mustBeGzip) throw first.length === 0 ? emptyObject() : notGzip();
    this.source.unread([first]);
    yield* this.source.rest();
  }
}

function countNewlines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) count += 1;
  return count;
}

const emptyObject = (): Failure => malformed("empty_object", "it has no bytes", "Land the file again.");
const notGzip = (): Failure =>
  malformed("not_gzip", "its key ends in .gz and its bytes are no gzip", "Land it compressed, or without the .gz.");
