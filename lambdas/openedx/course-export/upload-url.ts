import { Failure } from "../../../core/model/failures.ts";

/** Of a host that names its bucket: `<bucket>.s3.us-east-1.amazonaws.com`. */
const VIRTUAL_HOST = /^(?<bucket>.+)\.s3[.-]/;

/**
 * The key that Studio writes an archive under, decoded: `+` stays `+`. Only the named bucket is read, so an address
 * elsewhere is refused: Malformed `export_url_invalid` or `export_elsewhere`.
 */
export function uploadedKey(address: string, bucket: string): string {
  if (!URL.canParse(address)) throw malformed("export_url_invalid", "is no address", address);
  const { hostname, pathname } = new URL(address);
  const path = decoded(pathname.slice(1), address);
  const host = VIRTUAL_HOST.exec(hostname)?.groups?.["bucket"];
  const [first = "", ...rest] = path.split("/");
  const [named, key] = host === undefined ? [first, rest.join("/")] : [host, path];
  if (named !== bucket) throw malformed("export_elsewhere", `is not in the bucket ${bucket}`, address);
  if (key === "") throw malformed("export_url_invalid", "names no object", address);
  return key;
}

function decoded(path: string, address: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw malformed("export_url_invalid", "is not well encoded", address);
  }
}

/** Signatures of addresses are secrets: the query is not shown. */
const malformed = (code: string, why: string, address: string): Failure =>
  new Failure("Malformed", `Studio's address of the archive, ${address.split("?", 1)[0]?.slice(0, 300)}, ${why}.`, {
    code,
    what: "find the exported archive",
    hint: "Compare COURSE_IMPORT_EXPORT_BUCKET in Studio's settings with the deployment's bucket, then run it again.",
  });
