import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server with files in memory that knows ranges and conditions; `tags`: whether it states ETags. */
export async function startWebFiles({ tags = true } = {}) {
  const files = new Map<string, { readonly bytes: Buffer; readonly changed: Date }>();
  let clock = Date.parse("2026-01-01T00:00:00Z");
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname.replace(/^\/files\//, ""));
    const file = files.get(name);
    if (file === undefined) return void response.writeHead(404).end();
    const { bytes, changed } = file;
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    const since = request.headers["if-unmodified-since"];
    const isOther =
      (request.headers["if-match"] ?? etag) !== etag || (since !== undefined && changed.getTime() > Date.parse(since));
    if (isOther) return void response.writeHead(412).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const [start, end] = range === null ? [0, bytes.length - 1] : [Number(range[1]), Number(range[2])];
    response.writeHead(range === null ? 200 : 206, {
      ...(tags ? { etag } : {}),
      "last-modified": changed.toUTCString(),
      "content-length": end - start + 1,
      ...(range === null ? {} : { "content-range": `bytes ${start}-${end}/${bytes.length}` }),
    });
    response.end(request.method === "HEAD" ? undefined : bytes.subarray(start, end + 1));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`,
    put: (name: string, bytes: Buffer): void => {
      clock += 60_000;
      files.set(name, { bytes, changed: new Date(clock) });
    },
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
