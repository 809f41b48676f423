import { ListMultipartUploadsCommand, ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { crc32 } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { copyObject } from "../../core/io/aws/object-copy.ts";
import { awsObjects } from "../../core/io/aws/objects.ts";
import type { Objects } from "../../core/io/ports.ts";
import { awsObjectsHome } from "./aws-homes.ts";
import { askedFor, ATTEMPTS, throughFaultyAws, times, type FaultyAws } from "./faulty-aws-home.ts";

const MB = 1_024 * 1_024;
let aws: FaultyAws;
let bucket: string;
let objects: Objects;

throughFaultyAws(async (opened) => {
  aws = opened;
  ({ bucket } = await awsObjectsHome.open());
});
beforeEach(() => {
  objects = awsObjects();
});

const asked = (operation: string): number => askedFor(aws, operation).length;
const large = (): Readable => Readable.from([Buffer.alloc(8 * MB, "a"), Buffer.alloc(MB, "b")]);
const unfinished = async (): Promise<readonly unknown[]> =>
  (await new S3Client({}).send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [];
const versions = async (Prefix: string): Promise<number> =>
  (await new S3Client({}).send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix }))).Versions?.length ?? 0;
const interrupted = { name: "Transient", code: "object_interrupted" };

describe("objects in S3", () => {
  it("are copied in pieces when they are large", async () => {
    const body = Buffer.concat([Buffer.alloc(5 * MB, "a"), Buffer.alloc(5 * MB, "b"), Buffer.from("c")]);
    const { head } = await objects.put(bucket, "a+b/large", body, { metadata: { a: "1" } });
    await copyObject(new S3Client({}), head, { bucket, key: "copied", contentType: "text/csv" }, 5 * MB);
    expect((await buffer(await objects.get({ bucket, key: "copied" }))).equals(body)).toBe(true);
    expect(await objects.head({ bucket, key: "copied" })).toMatchObject({ metadata: { a: "1" } });
    expect(await unfinished()).toEqual([]);
  });

  it("are noticed when they were damaged on the way down", async () => {
    await objects.put(bucket, "down", "body");
    const ref = { bucket, key: "down" };
    const damage = ({ body }: { readonly body: Buffer }): void => void body.writeUInt8(body.readUInt8(0) ^ 1, 0);
    aws.next("GetObject", damage, damage);
    await expect(objects.get(ref).then(text)).rejects.toMatchObject(interrupted);
    await expect(objects.withFile(ref, async () => "used")).rejects.toMatchObject(interrupted);
    expect(await objects.get(ref).then(text)).toBe("body");
  });

  it("of many parts have a sum of the whole, by which that is noticed too", async () => {
    await objects.put(bucket, "parts", large());
    const [create] = askedFor(aws, "CreateMultipartUpload");
    expect(create?.headers).toMatchObject({
      "x-amz-checksum-algorithm": "CRC32",
      "x-amz-checksum-type": "FULL_OBJECT",
    });
    // The emulator keeps a sum of the parts' sums, which S3 does only where it is asked to.
    const whole = (damaged: boolean) => (answer: { headers: NodeJS.Dict<string | string[]>; body: Buffer }) => {
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(crc32(answer.body));
      answer.headers["x-amz-checksum-crc32"] = sum.toString("base64");
      answer.headers["x-amz-checksum-type"] = "FULL_OBJECT";
      if (damaged) answer.body.writeUInt8(answer.body.readUInt8(8 * MB) ^ 1, 8 * MB);
    };
    const ref = { bucket, key: "parts" };
    aws.next("GetObject", whole(false), whole(true));
    expect(await objects.get(ref).then(buffer)).toHaveLength(9 * MB);
    await expect(objects.get(ref).then(buffer)).rejects.toMatchObject(interrupted);
  });

  it.each([
    ["in one piece", "PutObject", () => "body"],
    ["in parts", "UploadPart", large],
  ])("that are damaged on the way up %s are refused, and leave nothing", async (_, operation, body) => {
    aws.always(operation, "damaged");
    await expect(objects.put(bucket, "up", body())).rejects.toMatchObject({ name: "Transient" });
    expect(await objects.head({ bucket, key: "up" })).toBeUndefined();
    expect(await unfinished()).toEqual([]);
  });

  it("pass through memory part by part, however long they are", async () => {
    const total = 64 * MB;
    let made = 0;
    let most = 0;
    async function* source(): AsyncGenerator<Buffer> {
      for (; made < total; made += MB) {
        const arrived = askedFor(aws, "UploadPart").reduce((sum, { bytes }) => sum + bytes, 0);
        most = Math.max(most, made - arrived);
        yield Buffer.alloc(MB);
      }
    }
    const { head } = await objects.put(bucket, "long", Readable.from(source()));
    expect(head.sizeBytes).toBe(total);
    expect(most).toBeGreaterThan(8 * MB);
    expect(most).toBeLessThanOrEqual(40 * MB);
  });

  it.each([
    ["begun", "CreateMultipartUpload"],
    ["sent", "UploadPart"],
    ["completed", "CompleteMultipartUpload"],
  ])("of many parts that cannot be %s are given up whole", async (_, operation) => {
    aws.always(operation, { status: 503, code: "ServiceUnavailable" });
    await expect(objects.put(bucket, "whole", large())).rejects.toMatchObject({ name: "Transient" });
    expect(asked(operation)).toBeGreaterThanOrEqual(ATTEMPTS);
    expect(await objects.head({ bucket, key: "whole" })).toBeUndefined();
    expect(await unfinished()).toEqual([]);
  });

  it("leave no parts where the source breaks off, nor where the way there is denied", async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(20 * MB);
      throw new Error("the source went away");
    }
    await expect(objects.put(bucket, "broken", Readable.from(broken()))).rejects.toThrow("the source went away");
    aws.next("UploadPart", { status: 403, code: "AccessDenied" });
    const denied = { name: "Misconfigured", code: "aws_denied", message: expect.stringContaining(`${bucket}/denied`) };
    await expect(objects.put(bucket, "denied", large())).rejects.toMatchObject(denied);
    expect(asked("AbortMultipartUpload")).toBe(2);
    expect(await unfinished()).toEqual([]);
  });

  it("of many parts survive what passes in any of their requests, also an error that came with status 200", async () => {
    const slow = { status: 503, code: "SlowDown" };
    aws.next("CreateMultipartUpload", slow);
    aws.next("UploadPart", "lost", { status: 500, code: "InternalError" }, "unanswered");
    const late = "<Error><Code>InternalError</Code><Message>says AWS</Message></Error>";
    aws.next("CompleteMultipartUpload", { status: 200, body: late }, "unanswered");
    await objects.put(bucket, "patient", large());
    expect(await objects.get({ bucket, key: "patient" }).then(buffer)).toHaveLength(9 * MB);
    expect(await versions("patient")).toBe(1);
    expect(asked("CompleteMultipartUpload")).toBe(3);
  });

  it("whose upload is gone are tried again as a whole", async () => {
    aws.next("CompleteMultipartUpload", { status: 404, code: "NoSuchUpload" });
    await expect(objects.put(bucket, "gone", large())).rejects.toMatchObject({ name: "Transient" });
  });

  it("are created once, also of many parts, also when the answer is lost or somebody else is at it", async () => {
    const create = (key: string, body: string | Readable) => objects.put(bucket, key, body, { ifAbsent: true });
    const first = await create("once", large());
    expect(first.created).toBe(true);
    expect(await create("once", large())).toEqual({ head: first.head, created: false });
    expect(await create("once", "small")).toEqual({ head: first.head, created: false });
    aws.next("PutObject", { status: 409, code: "ConditionalRequestConflict" });
    expect(await create("once", "small")).toEqual({ head: first.head, created: false });
    aws.next("PutObject", { status: 409, code: "ConditionalRequestConflict" });
    await expect(create("never", "small")).rejects.toMatchObject({ name: "Conflict", code: "aws_conflict" });
    aws.next("PutObject", "unanswered");
    expect(await create("unanswered", "small")).toMatchObject({ head: { sizeBytes: 5 } });
    expect([await versions("once"), await versions("unanswered"), await unfinished()]).toEqual([1, 1, []]);
  });

  it("are listed on where the list was slowed down", async () => {
    await Promise.all(["l1", "l2", "l3"].map((key) => objects.put(bucket, key, key)));
    aws.next("ListObjectsV2", ...times(ATTEMPTS - 1, { status: 503, code: "SlowDown" }));
    expect((await objects.list(bucket, "l", { limit: 2 })).next).toBe("l2");
  });
});
