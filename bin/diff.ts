import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Argument, Command } from "commander";
import * as z from "zod";
import { ENVIRONMENTS, type EnvironmentName } from "../core/model/pipeline.ts";
import { EXIT, reportError } from "./cli/output.ts";
import { compareTemplates, isLoss } from "./release/compare.ts";
import { readDeployed } from "./release/deployed.ts";
import { comparePermissions } from "./release/permissions.ts";
import { report } from "./release/report.ts";
import { loadResourceTypes } from "./release/resource-types.ts";
import { synthesiseInto } from "./release/synthesise-into.ts";
import { readAssembly } from "./release/template.ts";

/** `npm run diff -- qa`: what a deploy would change, for whoever has to agree to it. */
const Options = z.object({
  assembly: z.string().optional(),
  against: z.string().optional(),
  failOnLoss: z.boolean().default(false),
  all: z.boolean().default(false),
  debug: z.boolean().default(false),
});

const program = new Command("npm run diff --")
  .description("Tells what a deploy would change: lost data first, then permissions, then everything else.")
  .addArgument(new Argument("<environment>").choices(ENVIRONMENTS))
  .option("--assembly <dir>", "deploys this assembly (default: the working tree is synthesised)")
  .option("--against <dir>", "compares with another assembly, offline (default: what is deployed)")
  .option("--fail-on-loss", "ends with 1 when data or its protection would be lost")
  .option("--all", "leaves nothing out of long lists")
  .option("--debug", "show stack traces")
  .action(async (environment: string) => {
    const options = Options.parse(program.opts());
    try {
      process.exitCode = await run(z.enum(ENVIRONMENTS).parse(environment), options);
    } catch (error) {
      process.exitCode = reportError(error, { json: false, debug: options.debug });
    }
  });
await program.parseAsync();

async function run(environment: EnvironmentName, options: z.infer<typeof Options>): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "millrace-diff-"));
  try {
    const assembly = options.assembly === undefined ? synthesiseInto(scratch, environment) : resolve(options.assembly);
    const after = readAssembly(assembly, environment);
    const deployed =
      options.against === undefined
        ? await readDeployed(environment)
        : { templates: readAssembly(resolve(options.against), environment), from: options.against };
    const changes = compareTemplates(deployed.templates, after, loadResourceTypes());
    const text = report(
      {
        environment,
        against: deployed.from,
        changes,
        permissions: comparePermissions(deployed.templates, after),
        abandoned: [...deployed.templates.keys()].filter((name) => !after.has(name)),
      },
      options.all,
    );
    process.stdout.write(`${text}\n`);
    return options.failOnLoss && changes.some(isLoss) ? EXIT.failed : EXIT.ok;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
