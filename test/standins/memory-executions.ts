import { isDeepStrictEqual } from "node:util";
import { executionTaken, machineMissing } from "../../core/io/execution-failures.ts";
import type { Executions, ExecutionState } from "../../core/io/ports.ts";

interface Execution {
  readonly domain: string;
  readonly name: string;
  readonly input: unknown;
  state: ExecutionState;
}

/** Executions of machines that do nothing until they are told to end. */
export class MemoryExecutions implements Executions {
  readonly all: Execution[] = [];
  readonly domains: ReadonlySet<string> | undefined;
  onStart: (execution: Execution) => void = () => undefined;

  /** Without a list every domain has a machine. */
  constructor(domains?: readonly string[]) {
    this.domains = domains === undefined ? undefined : new Set(domains);
  }

  find = (domain: string, name: string): Execution | undefined =>
    this.all.find((one) => one.domain === domain && one.name === name);

  start: Executions["start"] = async ({ domain, name, input }) => {
    if (this.domains !== undefined && !this.domains.has(domain)) throw machineMissing(domain, `machine of ${domain}`);
    const known = this.find(domain, name);
    if (known !== undefined) {
      if (!isDeepStrictEqual(known.input, input)) throw executionTaken(domain, name);
      return;
    }
    const execution: Execution = { domain, name, input, state: { status: "RUNNING", startedAt: new Date(0) } };
    this.all.push(execution);
    this.onStart(execution);
  };

  describe: Executions["describe"] = async ({ domain, name }) => this.find(domain, name)?.state;

  stop: Executions["stop"] = async ({ domain, name, error, cause }) => {
    this.end(domain, name, { status: "ABORTED", error, cause });
  };

  end(domain: string, name: string, how: Pick<ExecutionState, "status" | "error" | "cause">): void {
    const found = this.find(domain, name);
    if (found?.state.status === "RUNNING") {
      found.state = { ...how, startedAt: found.state.startedAt, endedAt: new Date(0) };
    }
  }

  running(): readonly Execution[] {
    return this.all.filter(({ state }) => state.status === "RUNNING");
  }
}
