import { readFileSync, writeSync } from "node:fs";
import * as z from "zod";
import { embeddedLakeAt } from "../../../core/io/embedded/lake.ts";
import { embeddedLedger } from "../../../core/io/embedded/ledger.ts";
import { CommitPlan } from "../../../core/model/commit-plan.ts";
import { commitPlan } from "../../../lambdas/lake/commit-plan.ts";
import { committer, lakeOptions } from "../temporary-lake.ts";

/** Commits the plans of a file in order, as a worker that was started anew would; says the id of each that is done. */
const [folder = "", catalogUrl = "", plansFile = ""] = process.argv.slice(2);
const plans = z.array(CommitPlan).parse(JSON.parse(readFileSync(plansFile, "utf8")));
const target = embeddedLakeAt({ catalogUrl, warehouseDir: `${folder}/warehouse` });
const deps = committer(
  { target, options: lakeOptions(folder), ledger: embeddedLedger(folder) },
  `child ${process.pid}`,
);
writeSync(1, "start\n");
for (const plan of plans) {
  await commitPlan(plan, deps);
  writeSync(1, `${plan.id}\n`);
}
process.exit(0);
