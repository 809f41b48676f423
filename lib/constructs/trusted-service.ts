import { Stack } from "aws-cdk-lib";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

/**
 * A service that may take a role for resources of this account only: otherwise somebody else's resource could make it
 * act with our rights (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
 */
export const trustedService = (scope: Construct, service: string): ServicePrincipal =>
  new ServicePrincipal(service, { conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } } });
