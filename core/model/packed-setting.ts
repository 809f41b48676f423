import { deflateRawSync, inflateRawSync } from "node:zlib";

/** Lambda holds 4 KB of environment in all: hundreds of ids and expressions, which are much alike, fit only so. */
export const packSetting = (value: unknown): string =>
  deflateRawSync(JSON.stringify(value), { level: 9 }).toString("base64");

export const unpackSetting = (text: string): unknown =>
  JSON.parse(inflateRawSync(Buffer.from(text, "base64")).toString("utf8"));
