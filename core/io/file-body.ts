import type { FileBody, ObjectBody } from "./ports.ts";

export const isFileBody = (body: ObjectBody): body is FileBody =>
  typeof body === "object" && "path" in body && "digest" in body;
