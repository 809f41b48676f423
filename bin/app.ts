import { join } from "node:path";
import { App, Stage } from "aws-cdk-lib";
import featureFlags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { ENVIRONMENTS, type EnvironmentName } from "../core/model/pipeline.ts";
import { addSecurityChecks } from "../lib/checks/security.ts";
import { bundleTasks } from "../lib/constructs/bundle.ts";
import { provideDuckdb } from "../lib/constructs/duckdb-files.ts";
import { DeliveryStack } from "../lib/stacks/delivery-stack.ts";
import { EnvironmentStage } from "../lib/stacks/environment-stage.ts";
import { domains } from "../state-machines/index.ts";
import { environmentOf } from "./environments.ts";

const root = join(import.meta.dirname, "..");
const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false, context: featureFlags });
if (app.node.tryGetContext("checks") !== undefined) addSecurityChecks(app);
const chosen = chooseEnvironments(app.node.tryGetContext("environments"));
/** An emulator runs functions on this machine, so they find this machine's DuckDB. */
const layerOf = (name: EnvironmentName): string =>
  provideDuckdb(root, name === "emulated" || app.node.tryGetContext("duckdbLayer") === "host" ? "host" : "arm64");
const bundles = await bundleTasks(
  domains.map(({ pipeline }) => pipeline),
  root,
);
for (const name of chosen) {
  new EnvironmentStage(app, {
    environment: environmentOf(name),
    domains,
    bundles,
    layer: layerOf(name),
    root,
  });
}
const delivered = chosen.flatMap((name) => {
  const { deliveredBy } = environmentOf(name);
  return deliveredBy === undefined ? [] : [{ environment: name, repository: deliveredBy }];
});
if (delivered.length > 0) {
  const delivery = new Stage(app, "delivery");
  for (const props of delivered) new DeliveryStack(delivery, props);
}
app.synth();

/** `-c environments=dev,qa` limits what is synthesised; without it everything is. */
function chooseEnvironments(wanted: unknown): readonly EnvironmentName[] {
  if (wanted === undefined) return ENVIRONMENTS;
  const names = String(wanted).split(",");
  const unknown = names.filter((name) => !ENVIRONMENTS.some((known) => known === name));
  if (unknown.length > 0) {
    throw new Error(`Unknown environment ${unknown.join(", ")}. Valid are ${ENVIRONMENTS.join(", ")}.`);
  }
  return ENVIRONMENTS.filter((known) => names.includes(known));
}
