import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { CLIENT } from "./client.ts";
import { awsFailure } from "./errors.ts";

const SECONDS = 3_600;

/**
 * Credentials of a role of somebody else's account. The SDK asks for new ones five minutes before these end, so a copy
 * that takes hours goes on.
 */
export function assumedRole(roleArn: string): NonNullable<S3ClientConfig["credentials"]> {
  const sts = new STSClient(CLIENT);
  return async () => {
    const what = `assume the role ${roleArn}`;
    try {
      const command = new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: "millrace",
        DurationSeconds: SECONDS,
      });
      const { Credentials } = await sts.send(command);
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
      if (AccessKeyId === undefined || SecretAccessKey === undefined || Expiration === undefined) {
        throw new TypeError("STS answered without credentials.");
      }
      return {
        ...{ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, expiration: Expiration },
        ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }),
      };
    } catch (error) {
      throw awsFailure(error, what);
    }
  };
}
