import { createHmac } from "node:crypto";

/** The value of `X-MITLearn-Signature`: lower-case hex HMAC-SHA256 of the body's bytes, keyed by the UTF-8 secret. */
export const signature = (token: string, body: Uint8Array): string =>
  createHmac("sha256", Buffer.from(token, "utf8")).update(body).digest("hex");
