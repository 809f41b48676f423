import { isDeepStrictEqual } from "node:util";
import { executionTaken, machineMissing, notRedrivable } from "../../core/io/execution-failures.ts";
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

  clock = (): Date => new Date(0);

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
    const state: ExecutionState = { status: "RUNNING", startedAt: this.clock() };
    const execution: Execution = { domain, name, input, state };
    this.all.push(execution);
    this.onStart(execution);
  };

  describe: Executions["describe"] = async ({ domain, name }) => this.find(domain, name)?.state;

  redrive: Executions["redrive"] = async ({ domain, name, count }) => {
    const found = this.find(domain, name);
    if (found !== undefined && (found.state.redrives ?? 0) >= count) return;
    if (found === undefined || found.state.status === "RUNNING" || found.state.status === "SUCCEEDED") {
      throw notRedrivable(domain, name, "it has not failed");
    }
    found.state = { status: "RUNNING", startedAt: found.state.startedAt, redrives: (found.state.redrives ?? 0) + 1 };
  };

  stop: Executions["stop"] = async ({ domain, name, error, cause }) => {
    this.end(domain, name, { status: "ABORTED", error, cause });
  };

  end(domain: string, name: string, how: Pick<ExecutionState, "status" | "error" | "cause">): void {
    const found = this.find(domain, name);
    if (found?.state.status === "RUNNING") {
      const { startedAt, redrives } = found.state;
      found.state = { ...how, startedAt, endedAt: this.clock(), ...(redrives === undefined ? {} : { redrives }) };
    }
  }

  running(): readonly Execution[] {
    return this.all.filter(({ state }) => state.status === "RUNNING");
  }
}
