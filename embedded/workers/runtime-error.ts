import { TaskError } from "../engine/errors.ts";

/** A failure that Lambda's runtime reports itself: the cause has the shape of its error objects. */
export const runtimeError = (errorType: string, errorMessage: string): TaskError =>
  new TaskError(errorType, JSON.stringify({ errorType, errorMessage }));
