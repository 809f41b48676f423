import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const settings = {
  environment: "dev",
  buckets: { landing: "l", lake: "k", quarantine: "q", artifacts: "a" },
  ledgerTable: "ledger",
  busName: "bus",
  lakeCatalog: "glue:000000000000",
  machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-dev-",
  secretPrefix: "millrace",
  duckdbExtensions: "/nowhere",
  memoryMb: 2_048,
};

function connectWith(home: object): { code: string; loaded: string[] } {
  const script = join(import.meta.dirname, "children", "connect-and-put.ts");
  const env = { ...process.env, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" };
  const said = execFileSync(process.execPath, [script, JSON.stringify({ ...settings, ...home })], {
    encoding: "utf8",
    env: { ...env, AWS_ENDPOINT_URL: "http://127.0.0.1:9" },
  });
  return JSON.parse(said);
}

describe("connect loads only the home and the client that are used", () => {
  it("in AWS", () => {
    const { code, loaded } = connectWith({});
    expect(code).toBe("aws_unreachable");
    expect(loaded).toContain("@aws-sdk/client-s3");
    expect(loaded.filter((name) => /sqlite|embedded|client-(dynamodb|sfn|eventbridge|secrets)/.test(name))).toEqual([]);
  });

  it("on one machine", () => {
    const url = "http://127.0.0.1:9";
    const { code, loaded } = connectWith({ embedded: { stateDir: folder.path, engineUrl: url, catalogUrl: url } });
    expect(code).toBe("done");
    expect(loaded).toContain("node:sqlite");
    expect(loaded.filter((name) => /@aws-sdk|\/aws\//.test(name))).toEqual([]);
  });
});
