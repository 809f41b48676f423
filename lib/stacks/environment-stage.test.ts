import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import featureFlags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EnvironmentProps } from "../environment.ts";
import { EnvironmentStage } from "./environment-stage.ts";

const environment: EnvironmentProps = {
  name: "qa",
  organisation: "ol",
  retainData: true,
  logRetentionDays: 30,
  eventArchiveDays: 30,
  schedules: true,
  failedOnceMinutes: 10,
  machineSettings: { GatherSeconds: "60", RowHash: "safe" },
  origins: {},
  runbooks: "https://git.example.org",
  lake: "s3tables",
  dbt: "athena",
  network: "endpoints",
  encryption: "own",
  relational: false,
  releases: "canary",
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-stage-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function platformOf(where: Pick<EnvironmentProps, "account" | "region">) {
  const app = new App({
    outdir: folder,
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: featureFlags,
  });
  const bundles = (): never => {
    throw new Error("There is no task here.");
  };
  new EnvironmentStage(app, {
    environment: { ...environment, ...where },
    ...{ domains: [], bundles, layer: "", root: "" },
  });
  app.synth();
  const manifest = JSON.parse(readFileSync(join(folder, "assembly-qa", "manifest.json"), "utf8"));
  return { missing: manifest.missing as unknown, stack: firstStack(manifest) };
}

const firstStack = (manifest: { artifacts: Record<string, { type: string }> }) =>
  Object.values(manifest.artifacts).find(({ type }) => type === "aws:cloudformation:stack");

it("goes where the credentials lead when no account is named", () => {
  expect(platformOf({}).stack).toMatchObject({ environment: "aws://unknown-account/unknown-region" });
});

it("belongs to the account and region that are named, and still asks neither when it is synthesised", () => {
  const { stack, missing } = platformOf({ account: "111111111111", region: "eu-west-1" });
  expect(stack).toMatchObject({ environment: "aws://111111111111/eu-west-1" });
  expect(missing).toBeUndefined();
});
