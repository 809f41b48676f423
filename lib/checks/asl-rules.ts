import { allStates, exits, type Machine, type Problem, type State } from "./asl-machine.ts";
import { suspiciousStrings } from "./asl-expressions.ts";

/** Above this nobody reads a machine on one screen. */
const MAX_STATES = 15;
/** The state that puts a failure on record; every way to a Fail state goes through it. */
const RECORDER = "RecordFailure";

export const header = (machine: Machine): readonly Problem[] => [
  ...(machine.QueryLanguage === "JSONata"
    ? []
    : [{ rule: "jsonata", message: 'Set "QueryLanguage": "JSONata" for the whole machine.' }]),
  ...(machine.Comment === undefined || machine.Comment.trim() === ""
    ? [{ rule: "comment", message: "Say in a top-level Comment what the machine does and how a person starts it." }]
    : []),
  ...(machine.TimeoutSeconds === undefined
    ? [
        {
          rule: "machine-timeout",
          message: "Set TimeoutSeconds for the machine: without it a run may hang for a year.",
        },
      ]
    : []),
  ...(allStates(machine).length > MAX_STATES
    ? [
        {
          rule: "size",
          message: `${allStates(machine).length} states; split the machine, ${MAX_STATES} are the limit.`,
        },
      ]
    : []),
];

export const jsonataOnly = (machine: Machine): readonly Problem[] =>
  allStates(machine).flatMap(([name, state]) => [
    ...(state.QueryLanguage === undefined || state.QueryLanguage === "JSONata"
      ? []
      : [{ rule: "jsonata", state: name, message: "A state may not go back to JSONPath." }]),
    ...suspiciousStrings(name, state),
  ]);

export const taskLimits = (machine: Machine): readonly Problem[] =>
  tasks(machine).flatMap(([name, { Resource = "", TimeoutSeconds, HeartbeatSeconds }]) => {
    if (Resource.endsWith(".waitForTaskToken") && HeartbeatSeconds === undefined) {
      return [
        { rule: "limit", state: name, message: "Set HeartbeatSeconds: a dead worker is noticed by its silence only." },
      ];
    }
    return TimeoutSeconds === undefined && HeartbeatSeconds === undefined
      ? [{ rule: "limit", state: name, message: "Set TimeoutSeconds or HeartbeatSeconds." }]
      : [];
  });

const INVOKE = "arn:aws:states:::lambda:invoke";
/** What Lambda itself may fail by before the function has run; AWS asks to retry the first four ("Handle Lambda service exceptions"). */
const LAMBDA_FAULTS = [
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.ClientExecutionTimeoutException",
  "Lambda.TooManyRequestsException",
];
/** The function has run until Lambda ended it or it crashed: out of memory, out of time, an exit. */
const isEndedFunction = (error: string): boolean =>
  error === "Lambda.Unknown" || error.startsWith("Sandbox.") || error.startsWith("Runtime.");

export const retries = (machine: Machine): readonly Problem[] =>
  tasks(machine).flatMap(([name, { Resource, Retry = [] }]) => {
    const named = new Set(Retry.flatMap(({ ErrorEquals }) => ErrorEquals));
    return [
      ...(Resource === INVOKE ? LAMBDA_FAULTS : [])
        .filter((error) => !named.has(error))
        .map((error) => ({ rule: "retry", state: name, message: `Retry ${error}: the function has not failed.` })),
      ...[...named].filter(isEndedFunction).map((error) => ({
        rule: "retry",
        state: name,
        message: `Do not retry ${error}: memory or time that was not enough is not enough again. The item has one new run, a job its next tick.`,
      })),
      ...["Transient", "Throttled"]
        .filter((error) => !named.has(error))
        .map((error) => ({ rule: "retry", state: name, message: `Retry ${error}: another attempt may well succeed.` })),
      ...["States.ALL", "States.TaskFailed"]
        .filter((error) => named.has(error))
        .map((error) => ({
          rule: "retry",
          state: name,
          message: `Do not retry ${error}: it repeats what no attempt can clear. Name Transient, Throttled and the service's own errors.`,
        })),
    ];
  });

/** Every way to failure records itself. States inside a Map or Parallel fail into the Catch of that state. */
export function recordedFailures(machine: Machine): readonly Problem[] {
  const entries = Object.entries(machine.States);
  const caught = entries.flatMap(([name, { Type, Catch = [] }]) => {
    if (!["Task", "Map", "Parallel"].includes(Type)) return [];
    return Catch.at(-1)?.ErrorEquals.includes("States.ALL") === true
      ? []
      : [{ rule: "record-failure", state: name, message: `End Catch with States.ALL leading to ${RECORDER}.` }];
  });
  const unrecorded = entries.flatMap(([name, state]) =>
    name === RECORDER
      ? []
      : exits(state)
          .filter(({ to }) => machine.States[to]?.Type === "Fail")
          .map(({ to }) => ({
            rule: "record-failure",
            state: name,
            message: `Goes to ${to} without a record. Go to ${RECORDER} first.`,
          })),
  );
  return [...caught, ...unrecorded];
}

const tasks = (machine: Machine): readonly (readonly [string, State])[] =>
  allStates(machine).filter(([, { Type }]) => Type === "Task");
