import * as z from "zod";

const State = z.looseObject({
  Type: z.string(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  End: z.boolean().optional(),
  Choices: z.array(z.looseObject({ Next: z.string() })).default([]),
  get ItemProcessor() {
    return Machine.optional();
  },
  get Branches() {
    return z.array(Machine).default([]);
  },
  Arguments: z.unknown().optional(),
});
export const Machine = z.looseObject({
  StartAt: z.string(),
  get States() {
    return z.record(z.string(), State);
  },
});
export type Machine = z.infer<typeof Machine>;

/**
 * State transitions of a run that visits exactly these tasks and succeeds: one to start and one for every state that
 * it enters, as AWS counts them; a Map counts its item once. Undefined = the text has no such path.
 */
export function transitionsOf(machine: Machine, tasks: ReadonlySet<string>, declared: ReadonlySet<string>) {
  const states = walk(machine, tasks, declared);
  return states === undefined ? undefined : states.length + 1;
}

/** A loop that waits for something comes through its choice once more than it waits. */
const VISITS = 2;

/** Names of the entered states of the shortest such path. */
function walk(
  machine: Machine,
  wanted: ReadonlySet<string>,
  declared: ReadonlySet<string>,
): readonly string[] | undefined {
  let best: readonly string[] | undefined;
  const step = (name: string, before: readonly string[]): void => {
    const state = machine.States[name];
    if (state === undefined || state.Type === "Fail" || best?.length === before.length) return;
    if (before.filter((one) => one === name).length === VISITS) return;
    if (declared.has(name) && !wanted.has(name)) return;
    const inner = [...(state.ItemProcessor === undefined ? [] : [state.ItemProcessor]), ...state.Branches];
    const walked = inner.map((one) => walk(one, tasksIn(one, wanted), declared));
    if (walked.includes(undefined)) return;
    const path = [...before, name, ...walked.flatMap((one) => one ?? [])];
    if (state.Type === "Succeed" || state.End === true) {
      const complete = [...wanted].every((task) => path.includes(task));
      if (complete && (best === undefined || path.length < best.length)) best = path;
      return;
    }
    const next = [...state.Choices.map(({ Next }) => Next), state.Default, state.Next];
    for (const one of new Set(next.filter((candidate) => candidate !== undefined))) step(one, path);
  };
  step(machine.StartAt, []);
  return best;
}

const tasksIn = (machine: Machine, wanted: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...wanted].filter((task) => task in machine.States));
