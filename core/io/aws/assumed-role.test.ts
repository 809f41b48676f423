import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { assumedRole } from "./assumed-role.ts";
import { awsObjects } from "./objects.ts";

const ROLE = "arn:aws:iam::000000000002:role/theirs";

let server: Server;
/** Of the credentials that STS gives next. */
let seconds: number;
let refuses: boolean;
/** Who asked S3: the key that each call was signed with. */
let signed: string[];
let assumed: string[];

/** STS and S3 in one: enough of both to see whose credentials are used for how long. */
beforeEach(async () => {
  [seconds, refuses, signed, assumed] = [3_600, false, [], []];
  server = createServer(
    (request, response) =>
      void text(request).then((body) => {
        const key = /Credential=([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? "none";
        if (!body.includes("AssumeRole")) {
          signed.push(key);
          return response.end("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
        }
        assumed.push(new URLSearchParams(body).get("RoleArn") ?? "");
        if (refuses) {
          response.writeHead(403);
          return response.end(
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
          );
        }
        const until = new Date(Date.now() + seconds * 1_000).toISOString();
        return response.end(
          `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>KEY${assumed.length}</AccessKeyId>` +
            `<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${until}</Expiration>` +
            "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
        );
      }),
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "OURS");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "ours");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

it("reads as the role, and assumes it once as long as it lasts", async () => {
  const theirs = awsObjects({ credentials: assumedRole(ROLE), region: "eu-west-1" });
  for (let call = 0; call < 3; call += 1) await theirs.list("their-reports", "");
  expect([signed, assumed]).toEqual([["KEY1", "KEY1", "KEY1"], [ROLE]]);
  // What is ours stays ours.
  await awsObjects().list("our-landing", "");
  expect(signed.at(-1)).toBe("OURS");
});

it("assumes it again before it ends, in the middle of the work", async () => {
  const theirs = awsObjects({ credentials: assumedRole(ROLE) });
  seconds = 60;
  await theirs.list("their-reports", "");
  seconds = 3_600;
  const isSignedAnew = async () => {
    await theirs.list("their-reports", "");
    return signed.at(-1) !== "KEY1";
  };
  await vi.waitUntil(isSignedAnew, { timeout: 30_000 });
  expect(assumed.length).toBeGreaterThan(1);
});

it("says which role may not be assumed", async () => {
  refuses = true;
  const listing = awsObjects({ credentials: assumedRole(ROLE) }).list("their-reports", "");
  await expect(listing).rejects.toMatchObject({ name: "Misconfigured", message: expect.stringContaining(ROLE) });
});
