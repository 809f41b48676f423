import type { TestProject } from "vitest/node";
import { startEmulator } from "./emulator.ts";

declare module "vitest" {
  interface ProvidedContext {
    awsEnvironment: Readonly<Record<string, string>>;
  }
}

/**
 * One emulator for all suites of AWS adapters, started only when one of them runs. MILLRACE_TEST_AWS_ENDPOINT, for
 * example http://127.0.0.1:4566, names one that is up already.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = process.env["MILLRACE_TEST_AWS_ENDPOINT"];
  const emulator = running === undefined ? await startEmulator() : undefined;
  project.provide(
    "awsEnvironment",
    emulator?.env ?? {
      AWS_ENDPOINT_URL: running ?? "",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    },
  );
  return async () => emulator?.stop();
}
