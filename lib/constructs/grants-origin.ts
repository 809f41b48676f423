import { originSecrets, type OriginDeclarations } from "../../core/model/origins.ts";
import type { TaskDeclaration } from "../../core/model/pipeline.ts";
import type { Grant } from "./grant.ts";

/** A task with the secrets of what it reads from others. */
export const withOriginSecrets = (task: TaskDeclaration, origins: OriginDeclarations): TaskDeclaration => {
  const secrets = originSecrets(task.origins ?? [], origins);
  return secrets.length === 0 ? task : { ...task, secrets: [...new Set([...(task.secrets ?? []), ...secrets])] };
};

/** What reading buckets of S3 takes that are somebody else's; their owners have to allow it as well. */
export const originGrants = (ids: readonly string[], origins: OriginDeclarations): Grant[] =>
  ids.flatMap((id): Grant[] => {
    const origin = origins[id];
    if (origin?.kind !== "s3") return [];
    const { bucket, roleArn } = origin;
    const foreign = (can: Grant["can"], arn: string): Grant => ({ can, resource: { kind: "foreign", arn } });
    if (roleArn !== undefined) return [foreign("assume role", roleArn)];
    return [foreign("list objects", `arn:aws:s3:::${bucket}`), foreign("read objects", `arn:aws:s3:::${bucket}/*`)];
  });
