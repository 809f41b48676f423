import { Duration, Stack, Tags } from "aws-cdk-lib";
import { PolicyStatement, Role, WebIdentityPrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { deliveryRole, type EnvironmentProps } from "../environment.ts";

export interface DeliveryStackProps {
  readonly environment: EnvironmentProps["name"];
  /** `<owner>/<name>` on GitHub. */
  readonly repository: string;
}

const ISSUER = "token.actions.githubusercontent.com";
/** CDK's own name of a bootstrap without a qualifier of its own. */
const QUALIFIER = "hnb659fds";

/**
 * Who may deploy an environment: jobs of one repository, known to AWS by a token of their run and by no key. Both
 * roles can do nothing themselves but take the roles of the CDK's bootstrap. In a stage of its own: a release does
 * not change who may release.
 */
export class DeliveryStack extends Stack {
  constructor(scope: Construct, { environment, repository }: DeliveryStackProps) {
    super(scope, environment, {
      stackName: `millrace-delivery-${environment}`,
      description: `Millrace ${environment}: the roles that jobs of ${repository} take to compare and to deploy.`,
      analyticsReporting: false,
    });
    Tags.of(this).add("millrace:environment", environment);
    // Only a job that GitHub lets into the environment, after its reviewers agreed, has this subject.
    this.role("Deploy", deliveryRole(environment, "deploy"), `repo:${repository}:environment:${environment}`, [
      "deploy",
      "file-publishing",
      "image-publishing",
      "lookup",
    ]);
    // The comparison is for the reviewers: it runs before them, from the main branch, and reads only.
    this.role("Read", deliveryRole(environment, "read"), `repo:${repository}:ref:refs/heads/main`, ["lookup"]);
  }

  private role(id: string, roleName: string, subject: string, bootstrap: readonly string[]): void {
    const provider = this.formatArn({ service: "iam", region: "", resource: "oidc-provider", resourceName: ISSUER });
    const role = new Role(this, id, {
      roleName,
      description: `Taken by GitHub Actions as ${subject}.`,
      assumedBy: new WebIdentityPrincipal(provider, {
        StringEquals: { [`${ISSUER}:aud`]: "sts.amazonaws.com", [`${ISSUER}:sub`]: subject },
      }),
      maxSessionDuration: Duration.hours(2),
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ["sts:AssumeRole"],
        resources: bootstrap.map((kind) =>
          this.formatArn({
            service: "iam",
            region: "",
            resource: "role",
            resourceName: `cdk-${QUALIFIER}-${kind}-role-${this.account}-${this.region}`,
          }),
        ),
      }),
    );
  }
}
