import * as z from "zod";
import type { EngineClient } from "../../embedded/control/client.ts";

export const EngineStatus = z.looseObject({
  pid: z.number(),
  port: z.number(),
  url: z.string(),
  stateDir: z.string(),
  catalogUri: z.string(),
  warehouse: z.string(),
  settings: z.record(z.string(), z.string()),
  running: z.number(),
  deadLetters: z.number(),
  warnings: z.array(z.string()),
});
export type EngineStatus = z.infer<typeof EngineStatus>;

export const readStatus = (client: EngineClient): Promise<EngineStatus> => client.get("/api/status", EngineStatus);

export const RunError = z.object({
  name: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string().exactOptional(),
});

/** What has failed, and below it what to do. */
export const errorText = ({ name, code, message, hint }: z.infer<typeof RunError>): string =>
  `${name} ${code}: ${message}${hint === undefined ? "" : `\n  ${hint}`}`;

export const Run = z.object({
  id: z.string(),
  domain: z.string(),
  job: z.string().nullable(),
  status: z.enum(["queued", "running", "succeeded", "failed", "cancelled"]),
  trigger: z.string(),
  partition: z.string().nullable(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  error: RunError.nullable(),
});
export type Run = z.infer<typeof Run>;

export const seconds = (run: Run): string =>
  run.endedAt === null ? "" : `${((Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000).toFixed(1)} s`;
