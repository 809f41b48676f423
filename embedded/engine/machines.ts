import { createHash } from "node:crypto";
import type { Program } from "./definition.ts";
import { EngineError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import { loadDefinition, type LoadOptions } from "./load.ts";

export interface MachineDefinition {
  readonly arn: string;
  readonly name: string;
  /** ASL text. */
  readonly definition: string;
  readonly roleArn: string;
}

export type Machine = MachineDefinition & { readonly hash: string };

/** The machines that can be started, and every definition that a running execution still uses. */
export class Machines {
  readonly #machines = new Map<string, Machine>();
  readonly #programs = new Map<string, Program>();
  readonly #load: LoadOptions;

  /** Throws `InvalidDefinition` that names the machine. */
  constructor(definitions: readonly MachineDefinition[], load: LoadOptions) {
    this.#load = load;
    for (const machine of definitions) {
      const hash = createHash("sha256").update(machine.definition).digest("hex");
      try {
        this.#programs.set(hash, loadDefinition(machine.definition, load));
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        throw new EngineError(error.name, `State machine ${machine.name}: ${error.message}`);
      }
      this.#machines.set(machine.arn, { ...machine, hash });
    }
  }

  /** Throws `StateMachineDoesNotExist`. */
  get(arn: string): Machine {
    const machine = this.#machines.get(arn);
    if (machine === undefined) {
      throw new EngineError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
    }
    return machine;
  }

  /** The definition that an execution started with, whatever its machine has become since. */
  program(hash: string, journal: Journal): Program {
    const known = this.#programs.get(hash);
    if (known !== undefined) return known;
    const text = journal.definition(hash);
    if (text === undefined) throw new EngineError("InvalidDefinition", `The journal lacks the definition ${hash}.`);
    const program = loadDefinition(text, this.#load);
    this.#programs.set(hash, program);
    return program;
  }
}
