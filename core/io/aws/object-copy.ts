import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { atOnce } from "../at-once.ts";
import type { ObjectHead } from "../ports.ts";
import { awsFailure } from "./errors.ts";

/** S3 copies up to 5 GB in one call, but answers only at its end: smaller pieces stay within the client's patience. */
const PIECE_BYTES = 512 * 1_024 * 1_024;
const PIECES_AT_ONCE = 8;

interface Target {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
}

/** Gives the version that was made. */
export async function copyObject(
  s3: S3Client,
  from: ObjectHead,
  to: Target,
  pieceBytes = PIECE_BYTES,
): Promise<string | undefined> {
  const made = { Bucket: to.bucket, Key: to.key, ContentType: to.contentType, Metadata: from.metadata };
  try {
    if (from.sizeBytes > pieceBytes) return await copyInPieces(s3, from, made, pieceBytes);
    const { VersionId } = await s3.send(
      new CopyObjectCommand({
        ...made,
        CopySource: source(from),
        MetadataDirective: "REPLACE",
        ChecksumAlgorithm: "CRC32",
      }),
    );
    return VersionId;
  } catch (error) {
    throw awsFailure(error, `copy s3://${from.bucket}/${from.key} to s3://${to.bucket}/${to.key}`);
  }
}

async function copyInPieces(
  s3: S3Client,
  from: ObjectHead,
  made: { Bucket: string; Key: string; ContentType: string; Metadata: Record<string, string> },
  pieceBytes: number,
): Promise<string | undefined> {
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ ...made, ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" }),
  );
  const upload = { Bucket: made.Bucket, Key: made.Key, UploadId };
  const numbers = Array.from({ length: Math.ceil(from.sizeBytes / pieceBytes) }, (_, index) => index + 1);
  const copyPiece = async (PartNumber: number) => {
    const start = (PartNumber - 1) * pieceBytes;
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({
        ...upload,
        PartNumber,
        CopySource: source(from),
        CopySourceRange: `bytes=${start}-${Math.min(start + pieceBytes, from.sizeBytes) - 1}`,
      }),
    );
    return { PartNumber, ETag: CopyPartResult?.ETag, ChecksumCRC32: CopyPartResult?.ChecksumCRC32 };
  };
  try {
    const Parts = [...(await atOnce(numbers, PIECES_AT_ONCE, copyPiece))];
    const { VersionId } = await s3.send(
      new CompleteMultipartUploadCommand({ ...upload, ChecksumType: "FULL_OBJECT", MultipartUpload: { Parts } }),
    );
    return VersionId;
  } catch (error) {
    // What it leaves behind, the bucket's rule for abandoned uploads takes away too.
    await s3.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

/** The version that was looked at, so that both ends of a long copy are of the same. */
const source = ({ bucket, key, versionId }: ObjectHead): string =>
  `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}${versionId === "null" ? "" : `?versionId=${versionId}`}`;
