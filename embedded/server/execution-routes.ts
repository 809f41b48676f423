import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { executionTaken, notRedrivable } from "../../core/io/execution-failures.ts";
import { Failure } from "../../core/model/failures.ts";
import type { Executions } from "../control/executions.ts";
import { EngineError } from "../engine/errors.ts";
import { executionArn, machineNameOf } from "../engine/names.ts";
import { Reply, type ApiRoute } from "./routes.ts";

const Named = z.object({ machine: z.string(), name: z.string() });
const Start = Named.extend({ input: z.unknown() });
const Redrive = Named.extend({ count: z.number() });
const Stop = Named.extend({ error: z.string(), cause: z.string() });

/** Executions for tasks that start others, as Step Functions' API has them; 404 tells that there is no such machine. */
export function executionRoutes(
  executions: Executions,
  machines: readonly { readonly arn: string }[],
): readonly ApiRoute[] {
  const route = (verb: string, serve: (body: unknown, machine: string) => unknown): ApiRoute => ({
    method: "POST",
    path: `/executions/${verb}`,
    serve: ({ body }) => {
      const { machine } = z.looseObject({ machine: z.string() }).parse(body);
      const known = machines.some(({ arn }) => arn === machine);
      return known ? serve(body, machine) : new Reply(404, { message: `There is no state machine ${machine}.` });
    },
  });
  return [
    route("start", async (body) => {
      const { machine, name, input = null } = Start.parse(body);
      await executions.start(machine, name, JSON.stringify(input)).catch((error: unknown) => {
        throw refusal(error);
      });
      const started = executions.describe(executionArn(machine, name));
      if (!isDeepStrictEqual(started?.input, input)) throw executionTaken(machineNameOf(machine), name);
      return {};
    }),
    route("describe", (body, machine) => ({
      execution: executions.describe(executionArn(machine, Named.parse(body).name)) ?? null,
    })),
    route("redrive", async (body, machine) => {
      const { name, count } = Redrive.parse(body);
      const found = executions.describe(executionArn(machine, name));
      const refused = (why: string) => notRedrivable(machineNameOf(machine), name, why);
      if (found === undefined) throw refused("it is unknown");
      if (found.redriveCount >= count) return {};
      if (found.status === "RUNNING" || found.status === "SUCCEEDED") throw refused(`it is ${found.status}`);
      await executions.redrive(found.arn);
      return {};
    }),
    route("stop", async (body, machine) => {
      const { name, error, cause } = Stop.parse(body);
      const arn = executionArn(machine, name);
      if (executions.describe(arn)?.status === "RUNNING") await executions.stop(arn, error, cause);
      return {};
    }),
  ];
}

function refusal(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  if (error.name !== "InvalidName" && error.name !== "InvalidExecutionInput") return error;
  return new Failure("Rejected", error.message, {
    code: "execution_refused",
    what: "start an execution",
    cause: error,
  });
}
