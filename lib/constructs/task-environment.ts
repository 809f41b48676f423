import type { Stack } from "aws-cdk-lib";
import { ENV } from "../../core/io/settings.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { tableBucketArn } from "./arns.ts";

/**
 * What every task finds in its environment: names of things, never values of secrets. The folder of DuckDB's extensions
 * is not among them: layer and images have it where a task looks by itself, and an emulator's own environment may
 * say otherwise.
 */
export const taskEnvironment = (stack: Stack, environment: EnvironmentProps, names: Names): Record<string, string> => ({
  [ENV.environment]: environment.name,
  [ENV.landing]: names.bucket("landing"),
  [ENV.lake]: names.bucket("lake"),
  [ENV.quarantine]: names.bucket("quarantine"),
  [ENV.artifacts]: names.bucket("artifacts"),
  [ENV.ledgerTable]: names.ledgerTable,
  [ENV.busName]: names.bus,
  [ENV.lakeCatalog]: `s3tables:${tableBucketArn(stack, names)}`,
  [ENV.secretPrefix]: names.secretPrefix,
});
