import { createHash } from "node:crypto";
import { afterPrefix, type Landing } from "./landing.ts";

/**
 * The name under which the starter of a domain starts the run of a landed object, so that it can be asked after: the
 * same text as in lib/constructs/starter.asl.json, which a test holds to it. Of a bucket with versions only.
 */
export function starterName(
  { domain, trigger, prefix }: Landing,
  { bucket, key, versionId }: { readonly bucket: string; readonly key: string; readonly versionId: string },
): string {
  const subject = `${trigger}-${afterPrefix(prefix, key)}`.replace(/([.][a-z]{2,4})+$/, "");
  const text = subject.replace(/[^A-Za-z0-9_]+/g, "-");
  const hash = createHash("sha256").update([domain, trigger, bucket, key, versionId].join(" ")).digest("hex");
  return `${text.length <= 67 ? text : `${text.slice(0, 33)}--${text.slice(-32)}`}-${hash.slice(0, 12)}`;
}
