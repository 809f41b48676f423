import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { PAGE } from "../../../test/standins/open-edx/faults.ts";
import { startGcs, type GcsStandIn } from "../../../test/standins/gcs.ts";
import type { OriginDeclaration } from "../../model/origins.ts";
import { gcsOrigin } from "./gcs.ts";
import type { OriginObject } from "./origin.ts";

let gcs: GcsStandIn;
let waits: number[];
beforeAll(async () => {
  gcs = await startGcs({ pageSize: 2 });
});
afterAll(() => gcs.close());
beforeEach(() => {
  gcs.clearFaults();
  waits = [];
});

const BYTES = randomBytes(50_000);
const sleep = async (ms: number): Promise<void> => void waits.push(ms);
const open = (
  secret: Record<string, string> = gcs.secret,
  bucket = "archives",
  more: Partial<OriginDeclaration> = {},
) =>
  gcsOrigin(
    "edxorg",
    { kind: "gcs", bucket, secret: "gcs/edxorg", endpoint: gcs.endpoint, ...more } as Extract<
      OriginDeclaration,
      { kind: "gcs" }
    >,
    { secrets: { read: async () => secret }, sleep },
  );
async function listed(origin = open()): Promise<OriginObject[]> {
  const all: OriginObject[] = [];
  for await (const page of origin.list("")) all.push(...page);
  return all;
}
const all = { start: 0, end: BYTES.length - 1 };
const put = (name: string): OriginObject => {
  const { generation, updated } = gcs.put("archives", name, BYTES);
  return { name, sizeBytes: BYTES.length, version: generation, updated: new Date(updated) };
};

it("asks for one token and keeps it; one that has ended is replaced in the middle of the work", async () => {
  const object = put("COLD/a");
  const before = gcs.count("token");
  await listed();
  await listed();
  expect(gcs.count("token") - before).toBeLessThanOrEqual(1);
  gcs.expireTokens();
  expect(await open().read(object, all)).toEqual(BYTES);
  expect(waits).toEqual([]);
});

it("states sums, generations and times as they are", async () => {
  put("COLD/a");
  const [object] = await listed();
  expect(object).toMatchObject({
    name: "COLD/a",
    sizeBytes: BYTES.length,
    md5: createHash("md5").update(BYTES).digest("hex"),
  });
  expect(object?.version).toMatch(/^\d{16}$/);
  expect(object?.updated.getTime()).toBeGreaterThan(0);
});

it.each([
  ["too many requests, with the wait that was asked for", { status: 429, headers: { "retry-after": "7" } }, [7_000]],
  ["an outage", { status: 503 }, [500]],
  ["a cut connection", { status: 0 }, [500]],
  ["a reply that ends before its end", { truncated: true }, [500]],
  ["a page that is no list", { text: PAGE }, [500]],
  ["a list of something else", { text: '{"items":[{"name":"x","size":3}]}' }, [500]],
] as const)("lists on after %s", async (_, fault, expected) => {
  gcs.fault({ call: "list", ...fault });
  expect((await listed()).length).toBeGreaterThan(0);
  expect(waits).toEqual(expected);
});

it.each([
  ["an outage", { status: 500 }, "Transient", "origin_http_500"],
  ["a wait that is too long", { status: 429, headers: { "retry-after": "600" } }, "Throttled", "origin_http_429"],
  ["what is no list", { text: PAGE }, "Malformed", "origin_wrong_json"],
  ["a refusal", { status: 403 }, "Misconfigured", "origin_bucket_refused"],
  [
    "a redirect",
    { status: 302, headers: { location: "https://elsewhere.example.org" } },
    "Rejected",
    "origin_http_302",
  ],
] as const)("gives up a list for %s that stays", async (_, fault, name, code) => {
  gcs.fault({ call: "list", times: 9, ...fault });
  await expect(listed()).rejects.toMatchObject({ name, code });
});

it("takes an exhausted quota for what it is, although it is a 403", async () => {
  const text = JSON.stringify({ error: { code: 403, errors: [{ reason: "userRateLimitExceeded" }] } });
  gcs.fault({ call: "list", status: 403, text, times: 9 });
  await expect(listed()).rejects.toMatchObject({ name: "Throttled" });
});

it("reads a page that came twice, and to the end", async () => {
  for (const name of ["a", "b", "c", "d", "e"]) put(`rounds/${name}`);
  gcs.fault({ call: "list" }, { call: "list", repeated: true });
  const names = new Set((await listed()).map(({ name }) => name));
  for (const name of ["a", "b", "c", "d", "e"]) expect(names).toContain(`rounds/${name}`);
});

it("does not follow a list that leads back to where it was", async () => {
  gcs.fault({ call: "list", times: 50, text: '{"items":[],"nextPageToken":"again"}' });
  await expect(listed()).rejects.toMatchObject({ name: "Malformed", code: "origin_list_goes_round" });
});

it.each([
  ["an outage", { status: 502 }],
  ["bytes that end before their end", { truncated: true }],
  ["a range that is another", { headers: { "content-range": "bytes 5-9/50000" } }],
] as const)("reads on after %s", async (_, fault) => {
  const object = put("COLD/a");
  gcs.fault({ call: "read", name: "COLD/a", ...fault });
  expect(await open().read(object, all)).toEqual(BYTES);
  expect(waits).toEqual([500]);
});

it("does not wait for what never comes, and asks again", async () => {
  const object = put("COLD/a");
  const declared = { kind: "gcs", bucket: "archives", secret: "gcs/edxorg", endpoint: gcs.endpoint } as const;
  const hasty = gcsOrigin("edxorg", declared, { secrets: { read: async () => gcs.secret }, sleep, timeoutMs: 1_500 });
  gcs.fault({ call: "list", delayMs: 60_000 }, { call: "read", delayMs: 60_000 });
  expect((await listed(hasty)).length).toBeGreaterThan(0);
  expect(await hasty.read(object, all)).toEqual(BYTES);
  expect(waits).toEqual([500, 500]);
});

it("gives no bytes of an object that was replaced between list and read", async () => {
  const object = put("COLD/a");
  put("COLD/a");
  await expect(open().read(object, all)).rejects.toMatchObject({ name: "Transient", code: "origin_object_changed" });
  expect(waits).toEqual([]);
});

it("gives stored bytes, also of what is stored as gzip", async () => {
  const packed = gzipSync("line\n".repeat(1_000));
  const { generation } = gcs.put("archives", "packed", packed, { contentEncoding: "gzip" });
  const object = { name: "packed", version: generation, sizeBytes: packed.length };
  expect(await open().read(object, { start: 0, end: packed.length - 1 })).toEqual(packed);
  expect(await open().read(object, { start: 3, end: 9 })).toEqual(packed.subarray(3, 10));
});

it("says which secret is wrong, and never what is in it", async () => {
  const { private_key, ...rest } = gcs.secret;
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
  for (const [secret, code] of [
    [rest, "secret_field_missing"],
    [{ ...gcs.secret, private_key: "PEM" }, "private_key_invalid"],
    [{ ...gcs.secret, token_uri: "https://evil.example.org/token" }, "token_uri_invalid"],
    [{ ...gcs.secret, token_uri: "http://oauth2.googleapis.com/token" }, "token_uri_invalid"],
    [{ ...gcs.secret, private_key: String(key) }, "unauthorised"],
  ] as const) {
    const error: unknown = await listed(open(secret)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "Misconfigured", code });
    expect(JSON.stringify(error) + String(error)).not.toContain(private_key.slice(40, 80));
  }
});

it("says that a bucket is not there", async () => {
  await expect(listed(open(gcs.secret, "nowhere"))).rejects.toMatchObject({
    name: "Misconfigured",
    code: "origin_bucket_refused",
  });
});
