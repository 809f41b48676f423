import type { FileBody, ObjectBody } from "./ports.ts";

export const isFileBody = (body: ObjectBody): body is FileBody => typeof body === "object" && "sha256" in body;
