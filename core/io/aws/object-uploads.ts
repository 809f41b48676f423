import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { checkKey, checkMetadata } from "../limits.ts";
import { uploadGone } from "../object-failures.ts";
import type { ObjectHead, ObjectRef, Objects, ObjectUpload } from "../ports.ts";
import { awsFailure, readAwsError } from "./errors.ts";

export const DEFAULT_TYPE = "application/octet-stream";

/** Multipart uploads that are kept open across processes; lib-storage ends or aborts its own within one call. */
export function awsUploads(
  s3: S3Client,
  head: (ref: ObjectRef) => Promise<ObjectHead | undefined>,
): Pick<Objects, "beginUpload" | "putPart" | "completeUpload"> {
  const named = ({ bucket, key, id }: ObjectUpload) => ({ Bucket: bucket, Key: key, UploadId: id });
  const failure = (error: unknown, upload: ObjectUpload): unknown =>
    isGone(error)
      ? uploadGone(upload, error)
      : awsFailure(error, `upload s3://${upload.bucket}/${upload.key} in parts`);

  return {
    beginUpload: async (bucket, key, options = {}) => {
      checkKey(bucket, key);
      try {
        const { UploadId: id } = await s3.send(
          new CreateMultipartUploadCommand({
            Bucket: bucket,
            Key: key,
            Metadata: checkMetadata(options.metadata ?? {}),
            ContentType: options.contentType ?? DEFAULT_TYPE,
            ChecksumAlgorithm: "CRC32",
            ChecksumType: "FULL_OBJECT",
          }),
        );
        if (id === undefined) throw new TypeError("S3 answered without the id of an upload.");
        return { bucket, key, id };
      } catch (error) {
        throw awsFailure(error, `begin the upload of s3://${bucket}/${key}`);
      }
    },

    putPart: async (upload, number, body) => {
      try {
        const { ETag = "", ChecksumCRC32 = "" } = await s3.send(
          new UploadPartCommand({ ...named(upload), PartNumber: number, Body: body, ChecksumAlgorithm: "CRC32" }),
        );
        return { number, sizeBytes: body.length, receipt: `${ETag} ${ChecksumCRC32}` };
      } catch (error) {
        throw failure(error, upload);
      }
    },

    completeUpload: async (upload, parts) => {
      const { bucket, key } = upload;
      try {
        const { VersionId } = await s3.send(
          new CompleteMultipartUploadCommand({
            ...named(upload),
            ChecksumType: "FULL_OBJECT",
            MultipartUpload: {
              Parts: parts.map(({ number, receipt }) => {
                const [ETag = "", ChecksumCRC32 = ""] = receipt.split(" ");
                return { PartNumber: number, ETag, ...(ChecksumCRC32 === "" ? {} : { ChecksumCRC32 }) };
              }),
            },
          }),
        );
        const found = await head({ bucket, key, ...(VersionId === undefined ? {} : { versionId: VersionId }) });
        if (found === undefined) throw uploadGone(upload);
        return found;
      } catch (error) {
        if (!isGone(error)) throw failure(error, upload);
        // Its answer was lost, or its caller was, before either could be put on record.
        const found = await head({ bucket, key });
        const bytes = parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        if (found?.sizeBytes === bytes) return found;
        throw uploadGone(upload, error);
      }
    },
  };
}

const isGone = (error: unknown): boolean => readAwsError(error)?.name === "NoSuchUpload";
