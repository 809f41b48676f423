import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import * as z from "zod";
import { Failure } from "../../model/failures.ts";
import { addressProblem } from "../../model/service-address.ts";
import { request } from "../http.ts";
import type { Secrets } from "../ports.ts";
import { arrived, refused } from "./replies.ts";

const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only";
const TOKEN_HOST = "oauth2.googleapis.com";
const TIMEOUT_MS = 20_000;
const MAX_BYTES = 65_536;
/** It is thrown away so long before its end. */
const SPARE_MS = 5 * 60_000;

const Token = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().positive() });

interface Account {
  readonly email: string;
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  readonly tokenUrl: string;
  /** Of all of these: another key is another token. */
  readonly mark: string;
}

export interface GoogleTokens {
  /** `refused`: the token that was just not accepted. Throws Misconfigured for a secret or an account that is wrong. */
  token(refused?: string): Promise<string>;
}

/** A warm task reuses its tokens. */
const kept = new Map<string, { readonly text: string; readonly until: number }>();

/**
 * Tokens of a service account, which may read storage and nothing else: RFC 7523, signed with the account's own key.
 * `hosts`: the key's `token_uri` may lead there, beside Google's own.
 */
export function googleTokens(
  secrets: Pick<Secrets, "read">,
  role: string,
  hosts: readonly string[],
  now: () => number,
): GoogleTokens {
  return {
    token: async (refused) => {
      const account = accountOf(await secrets.read(role, { fresh: refused !== undefined }), role, hosts);
      const known = kept.get(account.mark);
      if (known !== undefined && known.text !== refused && known.until > now()) return known.text;
      const { access_token: text, expires_in } = await newToken(account, role, now());
      kept.set(account.mark, { text, until: now() + expires_in * 1_000 - SPARE_MS });
      return text;
    },
  };
}

async function newToken({ email, key, keyId, tokenUrl }: Account, role: string, now: number) {
  const what = `get a token for the service account of the secret "${role}"`;
  const seconds = Math.floor(now / 1_000);
  const assertion = await new SignJWT({ scope: READ_ONLY })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(email)
    .setAudience(tokenUrl)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 3_600)
    .sign(key);
  const reply = arrived(
    await request({
      ...{ url: tokenUrl, method: "POST", timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES },
      headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" },
      body: String(new URLSearchParams({ grant_type: GRANT, assertion })),
    }),
    what,
  );
  if (reply.status === 400 || reply.status === 401 || reply.status === 403) {
    const hint = `Put a valid key of the service account into the secret "${role}"; a clock that is wrong refuses it, too.`;
    throw refused(reply, what, "Misconfigured", { code: "unauthorised", hint });
  }
  if (reply.status !== 200) throw refused(reply, what);
  const token = Token.safeParse(parse(reply.bytes));
  if (token.success) return token.data;
  throw new Failure("Transient", `Cannot ${what}: the reply holds no token.`, { code: "origin_wrong_json", what });
}

function accountOf(fields: Readonly<Record<string, string>>, role: string, hosts: readonly string[]): Account {
  const wrong = (code: string, message: string): Failure =>
    new Failure("Misconfigured", message, {
      code,
      what: `read the secret ${role}`,
      hint: "Put in the key file of the service account as Google gives it: client_email, private_key, token_uri.",
    });
  const need = (name: string): string => {
    const value = fields[name]?.trim() ?? "";
    if (value === "") throw wrong("secret_field_missing", `The secret "${role}" has no field "${name}".`);
    return value;
  };
  const [email, pem, tokenUrl] = [need("client_email"), need("private_key"), need("token_uri")];
  const problem = addressProblem(tokenUrl);
  if (problem !== undefined) throw wrong("token_uri_invalid", `"token_uri" in the secret "${role}" ${problem}.`);
  if (![TOKEN_HOST, ...hosts].includes(new URL(tokenUrl).host)) {
    throw wrong("token_uri_invalid", `"token_uri" in the secret "${role}" is not at ${TOKEN_HOST}.`);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Never with its cause, which may show parts of the key.
    throw wrong("private_key_invalid", `"private_key" in the secret "${role}" is no private key.`);
  }
  const mark = createHash("sha256")
    .update(JSON.stringify([email, pem, tokenUrl]))
    .digest("hex");
  return { email, key, keyId: fields["private_key_id"], tokenUrl, mark };
}

export function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
