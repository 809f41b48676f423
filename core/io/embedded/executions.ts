import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { Failure, isFailureName } from "../../model/failures.ts";
import { machineMissing } from "../execution-failures.ts";
import { machineArnOf } from "../machine-arns.ts";
import { EXECUTION_STATUSES, type Executions } from "../ports.ts";
import { callEngine, isPassing } from "./engine-call.ts";

/** What the engine leaves in its state folder, readable by the owner only (embedded/server/state-folder.ts). */
const Address = z.object({ token: z.string() });

const Described = z.object({
  execution: z
    .object({
      status: z.enum(EXECUTION_STATUSES),
      startedAt: z.coerce.date(),
      endedAt: z.coerce.date().exactOptional(),
      output: z
        .unknown()
        .transform((output) => JSON.stringify(output))
        .exactOptional(),
      error: z.string().exactOptional(),
      cause: z.string().exactOptional(),
      redriveCount: z.number().int(),
    })
    .nullable(),
});
const Refusal = z.object({
  failure: z.looseObject({
    class: z.string(),
    code: z.string(),
    message: z.string(),
    hint: z.string().exactOptional(),
  }),
});

/** Executions of the engine on loopback; whoever may read the state folder may steer them. */
export function embeddedExecutions(
  home: { readonly stateDir: string; readonly engineUrl: string },
  machineArnPrefix: string,
): Executions {
  const call = (
    verb: "start" | "describe" | "redrive" | "stop",
    domain: string,
    body: Record<string, unknown>,
  ): Promise<string> => {
    const machine = machineArnOf(machineArnPrefix, domain);
    const what = `${verb} an execution of ${domain}`;
    return callEngine({
      url: new URL(`/executions/${verb}`, home.engineUrl),
      body: { machine, ...body },
      what,
      headers: async () => ({ authorization: `Bearer ${await readToken(home.stateDir)}` }),
      refused: (status, text) => (status === 404 ? machineMissing(domain, machine) : refused(what, status, text)),
    });
  };
  return {
    start: async ({ domain, name, input }) => void (await call("start", domain, { name, input })),
    describe: async ({ domain, name }) => {
      const { execution } = Described.parse(JSON.parse(await call("describe", domain, { name })));
      if (execution === null) return undefined;
      const { redriveCount: redrives, ...state } = execution;
      return { ...state, ...(redrives === 0 ? {} : { redrives }) };
    },
    redrive: async ({ domain, name, count }) => void (await call("redrive", domain, { name, count })),
    stop: async ({ domain, name, error, cause }) => void (await call("stop", domain, { name, error, cause })),
  };
}

/** Empty while the engine starts: then it refuses with 401, which passes. */
async function readToken(stateDir: string): Promise<string> {
  const text = await readFile(join(stateDir, "engine.json"), "utf8").catch(() => "{}");
  return Address.safeParse(JSON.parse(text)).data?.token ?? "";
}

function refused(what: string, status: number, text: string): Failure {
  const { class: stated = "Rejected", code = "execution_refused", message, hint } = readRefusal(text) ?? {};
  const passing = status === 401 || isPassing(status);
  const name = passing ? "Transient" : isFailureName(stated) ? stated : "Rejected";
  return new Failure(name, message ?? `Cannot ${what}: HTTP ${status}: ${text.slice(0, 500)}`, {
    code,
    what,
    ...(hint === undefined ? {} : { hint }),
    details: { status },
  });
}

function readRefusal(text: string): z.infer<typeof Refusal>["failure"] | undefined {
  try {
    return Refusal.safeParse(JSON.parse(text)).data?.failure;
  } catch {
    return undefined;
  }
}
