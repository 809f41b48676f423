import * as z from "zod";
import { EngineError } from "../engine/errors.ts";
import { Reply, type ApiRoute } from "./routes.ts";

export interface TokenSink {
  succeed(token: string, output: unknown): Promise<void> | void;
  fail(token: string, error: string, cause: string): Promise<void> | void;
  heartbeat(token: string): Promise<void> | void;
}

const Success = z.object({ token: z.string().min(1), output: z.unknown().optional() });
const Failed = z.object({ token: z.string().min(1), error: z.string(), cause: z.string() });
const Beat = z.object({ token: z.string().min(1) });

/** Call-backs of tasks. The token is the proof; 410 tells that nobody waits for it any more. */
export function tokenRoutes(sink: TokenSink): ApiRoute[] {
  const answered = async (work: () => Promise<void> | void): Promise<unknown> => {
    try {
      await work();
      return {};
    } catch (error) {
      if (error instanceof EngineError && (error.name === "TaskTimedOut" || error.name === "TaskDoesNotExist")) {
        return new Reply(410, { message: error.message });
      }
      if (error instanceof EngineError && (error.name === "InvalidToken" || error.name === "InvalidOutput")) {
        return new Reply(400, { message: error.message });
      }
      throw error;
    }
  };
  return [
    {
      method: "POST",
      path: "/tokens/succeed",
      open: true,
      serve: ({ body }) => {
        const { token, output } = Success.parse(body);
        return answered(() => sink.succeed(token, output ?? null));
      },
    },
    {
      method: "POST",
      path: "/tokens/fail",
      open: true,
      serve: ({ body }) => {
        const { token, error, cause } = Failed.parse(body);
        return answered(() => sink.fail(token, error, cause));
      },
    },
    {
      method: "POST",
      path: "/tokens/heartbeat",
      open: true,
      serve: ({ body }) => answered(() => sink.heartbeat(Beat.parse(body).token)),
    },
  ];
}
