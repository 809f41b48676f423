import * as z from "zod";
import { Failure, isFailure } from "../../model/failures.ts";
import type { OriginDeclaration } from "../../model/origins.ts";
import { request, type HttpReply, type NetworkFault } from "../http.ts";
import { requestBytes } from "../http-bytes.ts";
import type { Secrets } from "../ports.ts";
import { googleTokens, parse } from "./google-token.ts";
import type { Origin, OriginObject } from "./origin.ts";
import { patiently, sleepFor, type Sleep } from "./patience.ts";
import { arrived, changed, rangeOf, refused } from "./replies.ts";

const GOOGLE = "https://storage.googleapis.com";
const PAGE = 1_000;
const LIST_MAX_BYTES = 16 * 1_048_576;
/** For a page or a range: below that rate nobody wants to wait for more. */
const TIMEOUT_MS = 120_000;
const FIELDS = "nextPageToken,items(name,size,generation,md5Hash,crc32c,updated)";

const Item = z.looseObject({
  name: z.string().min(1),
  size: z.string().regex(/^\d+$/),
  generation: z.string().regex(/^\d+$/),
  md5Hash: z.base64().optional(),
  crc32c: z.base64().optional(),
  updated: z.iso.datetime({ offset: true }),
});
const Page = z.looseObject({ nextPageToken: z.string().min(1).optional(), items: z.array(Item).default([]) });
const Refusal = z.looseObject({ error: z.looseObject({ errors: z.array(z.looseObject({ reason: z.string() })) }) });

export interface GcsOptions {
  readonly secrets: Pick<Secrets, "read">;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly sleep?: Sleep;
  /** For one answer. */
  readonly timeoutMs?: number;
}

type Declared = Extract<OriginDeclaration, { kind: "gcs" }>;

/** A bucket of Google Cloud Storage, over its JSON API. Versions are generations. */
export function gcsOrigin(
  id: string,
  { bucket, secret, endpoint = GOOGLE }: Declared,
  { secrets, now = Date.now, sleep = sleepFor, timeoutMs = TIMEOUT_MS }: GcsOptions,
): Origin {
  const base = `${endpoint.replace(/\/+$/, "")}/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  const tokens = googleTokens(secrets, secret, endpoint === GOOGLE ? [] : [new URL(endpoint).host], now);
  const uri = (name: string): string => `gs://${bucket}/${name}`;

  /** With a token; once more with another if it is not accepted. */
  const authorised = async (
    what: string,
    send: (headers: Record<string, string>) => Promise<HttpReply | NetworkFault>,
  ): Promise<HttpReply> => {
    const ask = async (token: string): Promise<HttpReply> =>
      arrived(await send({ Authorization: `Bearer ${token}` }), what);
    const token = await tokens.token();
    const reply = await ask(token);
    if (reply.status !== 401) return reply;
    const again = await ask(await tokens.token(token));
    if (again.status !== 401) return again;
    const hint = `Look whether the service account of the secret "${secret}" still exists and may read ${bucket}.`;
    throw refused(again, what, "Misconfigured", { code: "unauthorised", hint });
  };

  const page = (prefix: string, pageToken: string | undefined, signal: AbortSignal | undefined) => {
    const what = `list ${uri(prefix)}`;
    const query = new URLSearchParams({ prefix, maxResults: String(PAGE), fields: FIELDS });
    if (pageToken !== undefined) query.set("pageToken", pageToken);
    return patiently(
      async () => {
        const reply = await authorised(what, (headers) =>
          request({
            ...{ url: `${base}?${query.toString()}`, timeoutMs, maxBytes: LIST_MAX_BYTES, headers },
            ...(signal === undefined ? {} : { signal }),
          }),
        );
        if (reply.status === 404 || (reply.status === 403 && !isQuota(reply))) {
          const hint = `Check the bucket's name in the origin "${id}", and that the service account may list it.`;
          throw refused(reply, what, "Misconfigured", { code: "origin_bucket_refused", hint });
        }
        if (reply.status !== 200) throw refused(reply, what, nameOf(reply));
        const read = Page.safeParse(parse(reply.bytes));
        if (read.success && !reply.isCut) return read.data;
        // Perhaps a page of something in between: worth another look.
        throw new Failure("Transient", `Cannot ${what}: the reply is no list of objects.`, {
          code: "origin_wrong_json",
          what,
          ...(read.error === undefined ? {} : { details: { problem: z.prettifyError(read.error).slice(0, 500) } }),
        });
      },
      sleep,
      signal,
    );
  };

  return {
    id,
    uri,
    list: async function* (prefix, signal) {
      const seen = new Set<string>();
      for (let token: string | undefined; ;) {
        const { items, nextPageToken } = await page(prefix, token, signal).catch(afterAll);
        yield items.map(objectOf);
        if (nextPageToken === undefined) return;
        if (seen.has(nextPageToken)) throw goesRound(uri(prefix));
        seen.add(nextPageToken);
        token = nextPageToken;
      }
    },
    read: ({ name, version }, range, signal) => {
      const what = `read ${uri(name)}`;
      const url = `${base}/${encodeURIComponent(name)}?alt=media&generation=${encodeURIComponent(version)}`;
      const maxBytes = range.end - range.start + 1;
      return patiently(
        async () => {
          const reply = await authorised(what, (headers) =>
            requestBytes({
              ...{ url, timeoutMs, maxBytes },
              headers: { ...headers, Range: `bytes=${range.start}-${range.end}` },
              ...(signal === undefined ? {} : { signal }),
            }),
          );
          // Of a bucket without versioning a generation is gone as soon as there is another.
          if (reply.status === 404 || reply.status === 412) throw changed(uri(name), { version }, refused(reply, what));
          if (reply.status !== 200 && reply.status !== 206) throw refused(reply, what, nameOf(reply));
          return rangeOf(reply, uri(name), range);
        },
        sleep,
        signal,
      );
    },
  };
}

const objectOf = ({ name, size, generation, md5Hash, crc32c, updated }: z.infer<typeof Item>): OriginObject => ({
  ...{ name, sizeBytes: Number(size), version: generation, updated: new Date(updated) },
  ...(md5Hash === undefined ? {} : { md5: Buffer.from(md5Hash, "base64").toString("hex") }),
  ...(crc32c === undefined ? {} : { crc32c }),
});

/** Google answers an exhausted quota with 429, and some of its quotas with 403. */
function isQuota({ bytes }: HttpReply): boolean {
  const said = Refusal.safeParse(parse(bytes));
  return said.success && said.data.error.errors.some(({ reason }) => /ratelimitexceeded|quotaexceeded/i.test(reason));
}

const nameOf = (reply: HttpReply) => (reply.status === 403 && isQuota(reply) ? ("Throttled" as const) : undefined);

/** Once more may have helped; several times more did not. */
function afterAll(error: unknown): never {
  if (!isFailure(error) || error.code !== "origin_wrong_json") throw error;
  throw new Failure("Malformed", error.message, {
    ...error.info,
    hint: "Look what answers at the address of the origin.",
  });
}

const goesRound = (uri: string): Failure =>
  new Failure("Malformed", `The list of ${uri} goes round: a page names one that was read before as its next.`, {
    code: "origin_list_goes_round",
    what: `list ${uri}`,
    hint: "Nothing was taken for complete; report it to whoever runs the store.",
  });
