import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { embeddedTokens } from "./tokens.ts";

describe("call-backs to the engine", () => {
  const against = async (statuses: number[]): Promise<{ outcome: unknown; asked: number }> => {
    let asked = 0;
    const server = createServer((request, response) => {
      request.resume();
      response.statusCode = statuses[Math.min(asked, statuses.length - 1)] ?? 200;
      asked += 1;
      response.end("{}");
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const outcome = await embeddedTokens(`http://127.0.0.1:${port}`)
      .heartbeat("t")
      .catch((error: unknown) => error);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    return { outcome, asked };
  };

  it("outlive a short trouble", async () => {
    expect(await against([503, 503, 200])).toEqual({ outcome: undefined, asked: 3 });
  });

  it("are not repeated when refused", async () => {
    expect(await against([400])).toMatchObject({ outcome: { name: "Rejected", code: "token_refused" }, asked: 1 });
    expect(await against([410])).toMatchObject({ outcome: { name: "Conflict", code: "task_gone" }, asked: 1 });
  });

  it("say that the engine is gone", async () => {
    await expect(embeddedTokens("http://127.0.0.1:9").succeed("t", {})).rejects.toMatchObject({
      name: "Transient",
      code: "engine_unreachable",
    });
  });
});
