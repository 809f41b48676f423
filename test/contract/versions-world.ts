import { openCodeVersions, type CodeVersions } from "../../core/io/code-versions.ts";
import { openCoordination, type Coordination } from "../../core/io/coordination.ts";
import type { Executions, Ledger } from "../../core/io/ports.ts";
import type { DeclaredAsset } from "../../core/model/assets.ts";
import { EndedExecution, endedRun } from "../../core/model/ended-run.ts";
import { MemoryExecutions } from "../standins/memory-executions.ts";
import { memoryObjects } from "../standins/memory-objects.ts";
import { passingClock } from "../standins/passing-clock.ts";

/** In the future: the ledger forgets by the clock of the machine. */
export const NOW = Date.UTC(2040, 0, 16);
export const MINUTE = 60_000;
const PREFIX = "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-dev-";
const BUCKETS = { landing: "landing", lake: "lake", quarantine: "quarantine", artifacts: "artifacts", drops: "drops" };

interface Ports {
  readonly ledger: Ledger;
  readonly executions: Executions;
}

/** Coordination as one process of a deployment has it; ports may be those of one that dies. */
export class VersionsWorld {
  readonly executions = new MemoryExecutions();
  readonly clock = passingClock(NOW);
  readonly ports: Ports;
  readonly #slots: number;

  constructor(ledger: Ledger, { slots = 50 } = {}) {
    this.ports = { ledger, executions: this.executions };
    this.#slots = slots;
  }

  /** Of the deployment that declares these assets. */
  coordination(assets: readonly DeclaredAsset[], { ledger, executions }: Ports = this.ports): Coordination {
    const lanes = [{ id: "openedx", domain: "openedx", slots: this.#slots }];
    const runs = { lanes, cap: this.#slots, failedOnceDelayMs: 10 * MINUTE, assets: [...assets] };
    const settings = { environment: "dev", buckets: BUCKETS, runs, machineArnPrefix: PREFIX } as const;
    return openCoordination({ io: { ledger, executions, objects: memoryObjects() }, settings, now: this.clock.now });
  }

  codeVersions(assets: readonly DeclaredAsset[], ports: Ports = this.ports): CodeVersions {
    const coordination = this.coordination(assets, ports);
    return openCodeVersions({ ledger: ports.ledger, coordination, assets, now: this.clock.now });
  }

  /** The minutes of the coordinator's clock: what is due goes on. Gives the last report. */
  async minutes(count: number, assets: readonly DeclaredAsset[]) {
    let report: Awaited<ReturnType<CodeVersions["run"]>> | undefined;
    for (let minute = 0; minute < count; minute += 1) {
      this.clock.skip(MINUTE);
      await this.coordination(assets).lanes.tick(this.clock.now());
      const versions = this.codeVersions(assets);
      if (await versions.due(this.clock.now())) report = await versions.run(this.life());
    }
    return report;
  }

  life = () => ({ holder: "test", budgetMs: 40_000, clock: this.clock });

  /** A run of the item that nobody requested has ended: a landing's. */
  landed = (assets: readonly DeclaredAsset[], asset: string, partition: string, status = "SUCCEEDED") =>
    this.#ended(assets, `landed-${asset.replaceAll("/", "-")}-${partition}-${this.clock.now()}`, status, {
      ...{ job: "load", item: { asset, partition } },
    });

  /** Ends a run that the lane has started. */
  async end(assets: readonly DeclaredAsset[], name: string, status = "SUCCEEDED"): Promise<void> {
    this.clock.skip(1_000);
    const run = this.executions.find("openedx", name);
    this.executions.end("openedx", name, { status: status as "SUCCEEDED" });
    await this.#ended(assets, name, status, run?.input);
  }

  async #ended(assets: readonly DeclaredAsset[], name: string, status: string, input: unknown): Promise<void> {
    const [startDate, stopDate] = [this.clock.now() - 2_000, this.clock.now()];
    const failed = status === "FAILED" ? { error: "Transient", cause: "broken" } : {};
    const execution = { executionArn: `arn:${name}`, stateMachineArn: `${PREFIX}openedx`, name, status, ...failed };
    const run = endedRun(
      EndedExecution.parse({ ...execution, startDate, stopDate, input: JSON.stringify(input) }),
      PREFIX,
    );
    if (run !== undefined) await this.coordination(assets).ended(run);
  }

  /** Of the domain, in the order of their starts; alerts are told by another. */
  started = () => this.executions.all.filter(({ domain }) => domain === "openedx");
  running = () => this.executions.running().filter(({ domain }) => domain === "openedx");

  /** Lets everything that runs, and what follows it, succeed; gives the partitions in order. */
  async finish(assets: readonly DeclaredAsset[]): Promise<string[]> {
    const ran: string[] = [];
    for (let [next] = this.running(); next !== undefined; [next] = this.running()) {
      ran.push((next.input as { item: { partition: string } }).item.partition);
      await this.end(assets, next.name);
    }
    return ran;
  }
}
