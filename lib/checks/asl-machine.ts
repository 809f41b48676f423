import * as z from "zod";

/** The parts of Amazon States Language that the rules look at; everything else is left as it is. */
const Retrier = z.looseObject({ ErrorEquals: z.array(z.string()), MaxAttempts: z.unknown().optional() });
const Catcher = z.looseObject({
  ErrorEquals: z.array(z.string()),
  Next: z.string(),
  Assign: z.record(z.string(), z.unknown()).optional(),
});
const Choice = z.looseObject({ Next: z.string(), Assign: z.record(z.string(), z.unknown()).optional() });

const State = z.looseObject({
  Type: z.string(),
  QueryLanguage: z.string().optional(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Resource: z.string().optional(),
  Arguments: z.unknown().optional(),
  Assign: z.record(z.string(), z.unknown()).optional(),
  Output: z.unknown().optional(),
  Choices: z.array(Choice).optional(),
  Retry: z.array(Retrier).optional(),
  Catch: z.array(Catcher).optional(),
  TimeoutSeconds: z.unknown().optional(),
  HeartbeatSeconds: z.unknown().optional(),
  /** Map and Parallel; read again by `nested`. */
  ItemProcessor: z.unknown().optional(),
  Branches: z.array(z.unknown()).optional(),
});
export type State = z.infer<typeof State>;

export const Machine = z.looseObject({
  Comment: z.string().optional(),
  QueryLanguage: z.string().optional(),
  TimeoutSeconds: z.unknown().optional(),
  StartAt: z.string(),
  States: z.record(z.string(), State),
});
export type Machine = z.infer<typeof Machine>;

/** What a rule found: which state (`undefined` = the machine), and what to do. */
export interface Problem {
  readonly rule: string;
  readonly state?: string;
  readonly message: string;
}

/** A way out of a state, with the variables that are assigned on it. */
export interface Edge {
  readonly to: string;
  readonly assigns: readonly string[];
}

export const exits = (state: State): readonly Edge[] => [
  ...[state.Next, state.Default].flatMap((to) => (to === undefined ? [] : [{ to, assigns: keys(state.Assign) }])),
  ...[...(state.Choices ?? []), ...(state.Catch ?? [])].map(({ Next, Assign }) => ({
    to: Next,
    assigns: keys(Assign),
  })),
];

const keys = (assign: Readonly<Record<string, unknown>> | undefined): readonly string[] => Object.keys(assign ?? {});

/** The machines inside a Map or Parallel state. */
export const nested = (state: State): readonly Machine[] =>
  [state.ItemProcessor, ...(state.Branches ?? [])]
    .filter((inner) => inner !== undefined)
    .map((inner) => Machine.parse(inner));

/** Every state of a machine and of the machines inside it. */
export const allStates = (machine: Machine): readonly (readonly [string, State])[] =>
  Object.entries(machine.States).flatMap(([name, state]) => [
    [name, state] as const,
    ...nested(state).flatMap(allStates),
  ]);
