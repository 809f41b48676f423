import { Validations, type App } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";

/**
 * Judges the templates while they are synthesised; findings that are accepted say so, with the reason, beside the
 * construct (`acknowledge`). Off by default: the packs cost more than the synthesis itself.
 */
export function addSecurityChecks(app: App): void {
  Validations.of(app).addPlugins(
    new AwsSolutionsChecks(app, { verbose: true }),
    new ServerlessChecks(app, { verbose: true }),
  );
}
