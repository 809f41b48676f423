import type { TaskDeclaration } from "../core/model/pipeline.ts";

/** Tasks that several machines have, under these names, on the same terms. */

export const CommitRows: TaskDeclaration = {
  description: "Commits staged rows to their raw tables, one committer per table.",
  handler: "lake/commit-rows",
  compute: { kind: "lambda", memoryMb: 2048, timeoutSeconds: 900, diskMb: 2048 },
  duckdb: true,
  reads: [
    { bucket: "lake", prefix: "staging/" },
    { bucket: "artifacts", prefix: "commits/" },
  ],
  ledger: "write",
  lake: { reads: ["raw"], writes: ["raw"] },
};

export const Announce: TaskDeclaration = {
  description: "Records the materialisation and publishes it on the bus.",
  handler: "ledger/announce",
  compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 60 },
  ledger: "write",
  publishes: ["AssetMaterialized"],
};

export const RecordFailure: TaskDeclaration = {
  description: "Puts a failed run on record under one of the closed set of names.",
  handler: "ledger/record-failure",
  compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 30 },
  ledger: "write",
};
