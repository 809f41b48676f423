/** Error types of the Iceberg REST specification with the status that goes with each. */
const STATUS = {
  BadRequestException: 400,
  NoSuchNamespaceException: 404,
  NoSuchTableException: 404,
  NotFoundException: 404,
  UnsupportedOperationException: 406,
  AlreadyExistsException: 409,
  NamespaceNotEmptyException: 409,
  CommitFailedException: 409,
  UnprocessableEntityException: 422,
  InternalServerError: 500,
  ServiceUnavailableException: 503,
} as const;

export type RestErrorType = keyof typeof STATUS;

/** Answered as `{"error": {"message", "type", "code"}}`. */
export class RestError extends Error {
  readonly type: RestErrorType;
  readonly status: number;

  constructor(type: RestErrorType, message: string) {
    super(message);
    this.type = type;
    this.status = STATUS[type];
  }

  body(): { error: { message: string; type: string; code: number } } {
    return { error: { message: this.message, type: this.type, code: this.status } };
  }
}

export const badRequest = (message: string): RestError => new RestError("BadRequestException", message);

/** What a client may know of any thrown value. A full disk is told apart: nothing was committed. */
export function asRestError(error: unknown): RestError {
  if (error instanceof RestError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  return code === "ENOSPC" || code === "EDQUOT"
    ? new RestError(
        "ServiceUnavailableException",
        `The disk of the warehouse is full; nothing was committed. Free space and try again. (${message})`,
      )
    : new RestError("InternalServerError", message);
}
