import { defineConfig } from "vitest/config";

/** Suites that need AWS: only they pay for the emulator. */
const AWS = [
  "test/contract/{alerts,aws-*,backfills,items,lake,ledger,messages,objects,partition-authority,schedules,sweeps}.test.ts",
  "test/releases/old-ledger.test.ts",
];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Of a condition that a slow machine fulfils later; the default of one second is no statement about the product.
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "all",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", "cdk.out/**", ".millrace/**", ".tools/**", ...AWS],
        },
      },
      {
        extends: true,
        test: {
          name: "aws",
          include: AWS,
          globalSetup: ["test/deploy/shared-emulator.ts"],
          setupFiles: ["test/deploy/aws-environment.ts"],
        },
      },
    ],
  },
});
