import type { TaskDeclaration } from "../../core/model/pipeline.ts";
import type { Grant } from "./grant.ts";

/**
 * Where data lies under the environment's own key, whoever reads or writes it needs the key as well; only through
 * the service that holds the data, never by calls of its own. Whose access AWS checks against which service for the
 * files of a table bucket was not seen in an account: both that it can be are named.
 */
export function keyGrants({ reads = [], writes = [], lake, secrets = [], warehouse }: TaskDeclaration): Grant[] {
  const tables = lake === undefined ? [] : ["s3tables"];
  const written = writes.length > 0 || warehouse === true || lake?.writes !== undefined;
  const read = reads.length > 0 || lake !== undefined;
  const decrypting = [
    ...(read && !written ? ["s3", ...tables] : []),
    ...(secrets.length > 0 ? ["secretsmanager"] : []),
  ];
  const grant = (can: Grant["can"], via: readonly string[]): Grant[] =>
    via.length === 0 ? [] : [{ can, resource: { kind: "key" }, via, only: { encryption: "own" } }];
  return [
    ...grant("decrypt", decrypting),
    ...grant("encrypt", written ? ["s3", ...tables] : []),
    // Every task puts its own steps into the ledger.
    ...grant("encrypt items", ["dynamodb"]),
  ];
}
