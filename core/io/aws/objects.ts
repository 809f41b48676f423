import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { Readable } from "node:stream";
import { isFileBody } from "../file-body.ts";
import { checkKey, checkMetadata, pageSize } from "../limits.ts";
import { objectMissing, rangeInvalid, versionNotCurrent } from "../object-failures.ts";
import type { FileBody, ObjectBody, ObjectHead, ObjectRef, Objects } from "../ports.ts";
import { PATIENT_CLIENT } from "./client.ts";
import { awsFailure, readAwsError, statusOf } from "./errors.ts";
import { checkedBody, withTemporaryFile } from "./object-body.ts";
import { copyObject } from "./object-copy.ts";
import { awsUploads, DEFAULT_TYPE } from "./object-uploads.ts";
import { readLocalFile } from "../local-file.ts";

/** At most 3 x 8 MB are in memory for a stream; 10,000 parts make 80 GB. */
const PART_BYTES = 8 * 1_024 * 1_024;
const PARTS_AT_ONCE = 3;

/**
 * Objects in S3. Buckets are expected to be versioned and to send their events to EventBridge. `options`: of a bucket
 * that is somebody else's.
 */
export function awsObjects(options: Pick<S3ClientConfig, "credentials" | "region"> = {}): Objects {
  const s3 = new S3Client({ ...PATIENT_CLIENT, ...options });

  const head = async (ref: ObjectRef): Promise<ObjectHead | undefined> => {
    checkKey(ref.bucket, ref.key);
    try {
      const found = await s3.send(new HeadObjectCommand(named(ref)));
      return {
        bucket: ref.bucket,
        key: ref.key,
        versionId: found.VersionId ?? "null",
        etag: bare(found.ETag),
        sizeBytes: found.ContentLength ?? 0,
        lastModified: found.LastModified ?? new Date(0),
        metadata: found.Metadata ?? {},
      };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw awsFailure(error, `look at s3://${ref.bucket}/${ref.key}`);
    }
  };
  const existing = async (ref: ObjectRef): Promise<ObjectHead> => {
    const found = await head(ref);
    if (found === undefined) throw objectMissing(ref);
    return found;
  };
  const open = async (ref: ObjectRef, range?: { readonly start: number; readonly end: number }): Promise<Readable> => {
    checkKey(ref.bucket, ref.key);
    // S3 ignores a range that makes no sense and would send everything.
    if (range !== undefined && (range.start < 0 || range.end < range.start)) throw rangeInvalid(ref, range);
    const what = `read s3://${ref.bucket}/${ref.key}`;
    try {
      const part =
        range === undefined ? { ChecksumMode: "ENABLED" as const } : { Range: `bytes=${range.start}-${range.end}` };
      const { Body, ContentLength } = await s3.send(new GetObjectCommand({ ...named(ref), ...part }));
      if (!(Body instanceof Readable)) throw new TypeError("S3 answered without a stream.");
      return checkedBody(Body, ContentLength, what);
    } catch (error) {
      const shape = readAwsError(error);
      if (shape?.name === "NoSuchKey" || shape?.name === "NoSuchVersion") throw objectMissing(ref, error);
      if (range !== undefined && statusOf(error) === 416) throw rangeInvalid(ref, range);
      throw awsFailure(error, what);
    }
  };

  return {
    put: async (bucket, key, body, options = {}) => {
      checkKey(bucket, key);
      const Metadata = checkMetadata(options.metadata ?? {});
      const bytes = streamed(body);
      const upload = new Upload({
        client: s3,
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        params: {
          Bucket: bucket,
          Key: key,
          Body: bytes,
          Metadata,
          ContentType: options.contentType ?? DEFAULT_TYPE,
          // S3 refuses bytes that were damaged on the way; the SDK sends a sum for every part. Of those that add up to
          // one of the whole object, the SDK checks that too when it reads; of parts' SHA-256 sums there is none.
          ChecksumAlgorithm: "CRC32",
          ChecksumType: "FULL_OBJECT",
          ...(options.ifAbsent === true ? { IfNoneMatch: "*" } : {}),
        },
      });
      try {
        const { VersionId } = await upload.done();
        return { head: await existing(version({ bucket, key }, VersionId)), created: true };
      } catch (error) {
        // 412: it was there before; 409: another create was under way at the same moment.
        const lost = options.ifAbsent === true && [409, 412].includes(statusOf(error) ?? 0);
        const winner = lost ? await head({ bucket, key }) : undefined;
        if (winner !== undefined) return { head: winner, created: false };
        throw awsFailure(error, `put s3://${bucket}/${key}`);
      } finally {
        if (bytes instanceof Readable) bytes.destroy();
      }
    },

    movesFiles: async () => false,

    head,
    get: open,

    list: async (bucket, prefix, page = {}) => {
      try {
        const { Contents = [], IsTruncated } = await s3.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            StartAfter: page.after,
            MaxKeys: pageSize(page.limit),
          }),
        );
        const objects = Contents.map(({ Key = "", ETag, Size = 0, LastModified = new Date(0) }) => ({
          bucket,
          key: Key,
          etag: bare(ETag),
          sizeBytes: Size,
          lastModified: LastModified,
        }));
        const last = objects.at(-1);
        return IsTruncated === true && last !== undefined ? { objects, next: last.key } : { objects };
      } catch (error) {
        throw awsFailure(error, `list s3://${bucket}/${prefix}`);
      }
    },

    withFile: async (ref, use) => withTemporaryFile(ref.key, await open(ref), use),

    sqlUri: async (ref) => {
      if (
        ref.versionId !== undefined &&
        (await existing({ bucket: ref.bucket, key: ref.key })).versionId !== ref.versionId
      ) {
        throw versionNotCurrent(ref);
      }
      return `s3://${ref.bucket}/${ref.key}`;
    },

    ...awsUploads(s3, head),

    copy: async (from, bucket, key, options = {}) => {
      checkKey(bucket, key);
      const to = { bucket, key, contentType: options.contentType ?? DEFAULT_TYPE };
      const versionId = await copyObject(s3, await existing(from), to);
      return existing(version({ bucket, key }, versionId));
    },
  };
}

const streamed = (body: ObjectBody): Exclude<ObjectBody, FileBody> =>
  isFileBody(body) ? readLocalFile(body.path) : body;

const named = ({ bucket, key, versionId }: ObjectRef) => ({ Bucket: bucket, Key: key, VersionId: versionId });

const version = (ref: ObjectRef, versionId: string | undefined): ObjectRef =>
  versionId === undefined ? ref : { ...ref, versionId };

const bare = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "");
