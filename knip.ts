import type { KnipConfig } from "knip";
import { domains } from "./state-machines/index.ts";

/** A handler is used because a pipeline declares it: the list of entries is the declarations. */
const handlers = domains.flatMap(({ pipeline }) =>
  Object.values(pipeline.tasks).map(({ handler }) => `lambdas/${handler}.ts`),
);

const config: KnipConfig = {
  entry: [
    "bin/*.{ts,js}",
    "bin/*/main.ts",
    "bench/*.ts",
    "test/**/*.ts",
    // The generated entry of a container calls it.
    "core/fargate.ts",
    // Started by hand after a change of the kernel.
    "lambdas/wasm-kernel/compile.ts",
    ...new Set(handlers),
  ],
  project: ["{bin,lib,core,lambdas,state-machines,embedded,bench,test}/**/*.{ts,js}"],
  ignoreExportsUsedInFile: true,
  // Commands that people and bin/check.ts start, and the engine of oxlint's type-aware rules.
  ignoreDependencies: ["oxlint", "oxlint-tsgolint"],
  // Of the machine, where it has them.
  ignoreBinaries: ["unshare", "postgres", "initdb", "openssl"],
};

export default config;
