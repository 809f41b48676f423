import { Architecture, Code, LayerVersion, Runtime } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { basename } from "node:path";

/** DuckDB's native library and extensions for functions: `/opt/nodejs/node_modules`, `/opt/duckdb/extensions`. */
export const duckdbLayer = (scope: Construct, directory: string): LayerVersion =>
  new LayerVersion(scope, "DuckDb", {
    description: "DuckDB for Node, with the extensions that read and write Iceberg in S3 Tables.",
    code: Code.fromAsset(directory, { assetHash: basename(directory) }),
    compatibleArchitectures: [Architecture.ARM_64],
    compatibleRuntimes: [Runtime.NODEJS_24_X],
  });
