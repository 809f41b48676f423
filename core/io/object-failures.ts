import { Failure } from "../model/failures.ts";
import type { ObjectRef, ObjectUpload } from "./ports.ts";

/** Refusals that every home of the objects words alike. */

const uri = ({ bucket, key, versionId }: ObjectRef): string =>
  `s3://${bucket}/${key}${versionId === undefined ? "" : ` (version ${versionId})`}`;

export const objectMissing = (ref: ObjectRef, cause?: unknown): Failure =>
  new Failure("Rejected", `There is no object ${uri(ref)}.`, {
    code: "object_missing",
    what: `read ${uri(ref)}`,
    hint: "Land the object again, or check the key.",
    cause,
  });

export const rangeInvalid = (
  ref: ObjectRef,
  range: { readonly start: number; readonly end: number },
  sizeBytes?: number,
): Failure =>
  new Failure("Rejected", `${uri(ref)} has no bytes ${range.start}-${range.end}.`, {
    code: "range_invalid",
    what: `read bytes ${range.start}-${range.end} of ${uri(ref)}`,
    ...(sizeBytes === undefined ? {} : { details: { sizeBytes } }),
  });

export const versionNotCurrent = (ref: ObjectRef): Failure =>
  new Failure("Conflict", `${uri(ref)} is no longer the current version, and SQL reads only that.`, {
    code: "version_not_current",
    what: `address ${uri(ref)} in SQL`,
    hint: "Read the version through `withFile`.",
  });

export const uploadGone = ({ bucket, key }: ObjectUpload, cause?: unknown): Failure =>
  new Failure("Conflict", `The upload of s3://${bucket}/${key} is no more: it was completed, given up or too old.`, {
    code: "upload_gone",
    what: `upload s3://${bucket}/${key} in parts`,
    hint: "Look whether the object is there; if it is not, begin a new upload.",
    cause,
  });
