import { afterAll, beforeAll, beforeEach, inject, vi } from "vitest";
import { isFailure } from "../../core/model/failures.ts";
import { startFaultyAws } from "../standins/faulty-aws.ts";

export type FaultyAws = Awaited<ReturnType<typeof startFaultyAws>>;

/** How often the adapters ask, all in all. */
export const ATTEMPTS = 4;
export const throttled = { status: 400, code: "ThrottlingException" };

/** Adapters that `open` makes reach the emulator through a stand-in that can be told to fail. */
export function throughFaultyAws(open: (aws: FaultyAws) => Promise<void>): void {
  let aws: FaultyAws;
  beforeAll(async () => {
    aws = await startFaultyAws(inject("awsEnvironment")["AWS_ENDPOINT_URL"] ?? "");
    vi.stubEnv("AWS_ENDPOINT_URL", aws.url);
    await open(aws);
  });
  beforeEach(() => aws.reset());
  afterAll(async () => {
    await aws?.close();
    vi.unstubAllEnvs();
  });
}

/** What a caller gets: a failure of the closed set as its name, code and message, else what was thrown. */
export async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return "done";
  } catch (error) {
    if (!isFailure(error)) return error;
    const { name, code, message, info } = error;
    return { name, code, message, wait: info.retryAfterSeconds };
  }
}

export const times = (count: number, fault: Parameters<FaultyAws["always"]>[1]): readonly (typeof fault)[] =>
  Array.from({ length: count }, () => fault);

export const askedFor = ({ asked }: FaultyAws, operation: string): FaultyAws["asked"] =>
  asked.filter((one) => one.operation === operation);
