import * as z from "zod";
import { Failure, isFailure, type FailureName } from "../../model/failures.ts";
import { diskFull, isDiskFull } from "../disk-failures.ts";

/** What we read of an SDK or socket error: https://docs.aws.amazon.com/sdk-for-javascript/v3, error handling. */
const Shape = z.object({
  name: z.string(),
  message: z.string(),
  code: z.string().optional(),
  $metadata: z
    .object({
      httpStatusCode: z.number().optional(),
      requestId: z.string().optional(),
      attempts: z.number().optional(),
    })
    .optional(),
  $response: z.object({ headers: z.record(z.string(), z.string()).optional() }).optional(),
  CancellationReasons: z.array(z.object({ Code: z.string().optional() })).optional(),
});
export type AwsError = z.infer<typeof Shape>;

const THROTTLED =
  /Throttl|SlowDown|TooManyRequests|(?:Request|^)LimitExceeded|ThroughputExceeded|BandwidthLimitExceeded/;
/** Our own resources: whoever deployed must create them. */
const MISSING = /^(NoSuchBucket|ResourceNotFoundException|StateMachineDoesNotExist|TableNotFoundException)$/;
const CONFLICT = /^(ConditionalCheckFailed|ConditionalRequestConflict|PreconditionFailed)/;
const CREDENTIALS =
  /^(CredentialsProviderError|TokenProviderError|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|MissingAuthenticationToken|IncompleteSignature|InvalidSignature|SignatureDoesNotMatch|RequestExpired|RequestTimeTooSkewed)/;
/** By name, because the services of AWS's JSON protocol deny with status 400. */
const DENIED = /^(AccessDenied|NotAuthorized|UnauthorizedOperation|KMSAccessDenied|DecryptionFailure)|^KMS\.?Disabled/;
const ELSEWHERE = /^(PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint)/;
const NETWORK = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ETIMEDOUT",
  "EPIPE",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
/**
 * Also what says nothing of the request itself: its bytes were damaged on the way, another transaction was under way on
 * the item, or an upload was completed by an attempt whose answer was lost.
 */
const PASSING =
  /^(TimeoutError|RequestTimeout|NetworkingError$|AbortError$|Internal(Failure|Error|Server|Exception|Service)|ServiceUnavailable|Transaction(Conflict|InProgress)|NoSuchUpload$|BadDigest$|IncompleteBody$|XAmzContentSHA256Mismatch$)/;
const UNKNOWN_HOST_OR_CERTIFICATE = /^(ENOTFOUND|CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_|ERR_TLS_)/;

/** The default wait of spec/alerts-and-failures.md, when the service names none. */
const RETRY_AFTER_SECONDS = 60;

export function readAwsError(error: unknown): AwsError | undefined {
  const parsed = Shape.safeParse(error);
  return parsed.success ? parsed.data : undefined;
}

export const statusOf = (error: unknown): number | undefined => readAwsError(error)?.$metadata?.httpStatusCode;

/** Maps what the SDK throws to the closed set; what is not understood stays what it is: a bug. */
export function awsFailure(error: unknown, what: string): unknown {
  if (isFailure(error)) return error;
  if (isDiskFull(error)) return diskFull(what, error);
  const shape = readAwsError(error);
  const known = shape === undefined ? undefined : classify(shape);
  if (shape === undefined || known === undefined) return error;
  const [name, code, hint] = known;
  const status = shape.$metadata?.httpStatusCode;
  const said = `${shape.name}${status === undefined ? "" : ` (HTTP ${status})`}: ${shape.message}`;
  return new Failure(name, `Cannot ${what}: ${said}`, {
    code,
    what,
    hint,
    ...(name === "Throttled" ? { retryAfterSeconds: retryAfter(shape) } : {}),
    details: { status, requestId: shape.$metadata?.requestId },
    cause: error,
  });
}

/** S3 answers HEAD without a body: then its status is all, and of a sound request it means these. */
const BARE: Readonly<Record<number, string>> = { 301: "PermanentRedirect", 400: "ExpiredToken" };

const nameOf = ({ name, $metadata }: AwsError): string =>
  (name === "Unknown" ? BARE[$metadata?.httpStatusCode ?? 0] : undefined) ?? name;

type Class = readonly [name: FailureName, code: string, hint: string];

function classify(error: AwsError): Class | undefined {
  const names = [nameOf(error), ...(error.CancellationReasons ?? []).map(({ Code = "" }) => Code)];
  const says = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  const status = error.$metadata?.httpStatusCode;
  const socket = error.code ?? "";
  if (says(THROTTLED) || status === 429) return ["Throttled", "aws_throttled", "It is tried again later by itself."];
  if (says(CREDENTIALS)) return ["Misconfigured", "aws_credentials", "Check the role or the credentials of the task."];
  if (says(MISSING)) return ["Misconfigured", "aws_resource_missing", "Deploy the stacks, or check the settings."];
  if (says(DENIED) || status === 401 || status === 403) {
    return ["Misconfigured", "aws_denied", "Grant it in the domain's pipeline.ts (reads, writes, secrets) and deploy."];
  }
  if (says(ELSEWHERE)) {
    return ["Misconfigured", "aws_endpoint", "It is in another region: check the region and the settings."];
  }
  if (says(CONFLICT) || status === 409 || status === 412) {
    return ["Conflict", "aws_conflict", "Read the state again and decide anew."];
  }
  if (says(PASSING) || status === 408 || (status !== undefined && status >= 500)) {
    return ["Transient", "aws_unavailable", "It is tried again by itself."];
  }
  if (NETWORK.has(socket)) return ["Transient", "aws_unreachable", "It is tried again by itself."];
  if (UNKNOWN_HOST_OR_CERTIFICATE.test(socket)) {
    return ["Misconfigured", "aws_endpoint", "Check the region, the endpoint and the VPC's endpoints."];
  }
  if (status !== undefined && status >= 300) {
    return ["Rejected", "aws_rejected", "Another try changes nothing: the request itself is refused."];
  }
  return undefined;
}

function retryAfter(error: AwsError): number {
  const seconds = Number(error.$response?.headers?.["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : RETRY_AFTER_SECONDS;
}
