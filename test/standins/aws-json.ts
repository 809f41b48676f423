import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** An answer of AWS: what the operation returns, or its error with HTTP status 400. */
type AwsAnswer = Readonly<Record<string, unknown>> | { readonly __type: string; readonly message: string };

/**
 * Services of AWS's JSON protocol that MiniStack lacks or answers differently, for example
 * `ServiceQuotasV20190624.GetServiceQuota`. Give its address as AWS_ENDPOINT_URL_<SERVICE>.
 */
export async function startAwsJson(
  operations: Readonly<Record<string, (input: Readonly<Record<string, unknown>>) => AwsAnswer>>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void json(request).then((input) => {
      const target = String(request.headers["x-amz-target"]);
      const answer = operations[target]?.(input as Readonly<Record<string, unknown>>) ?? {
        __type: "UnknownOperationException",
        message: target,
      };
      response.statusCode = "__type" in answer ? 400 : 200;
      response.setHeader("content-type", "application/x-amz-json-1.1");
      response.end(JSON.stringify(answer));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
