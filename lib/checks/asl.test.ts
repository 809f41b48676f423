import { describe, expect, it } from "vitest";
import { checkDefinition } from "./asl.ts";

const LAMBDA_FAULTS = [
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.ClientExecutionTimeoutException",
  "Lambda.TooManyRequestsException",
];
const retrying = (...errors: readonly string[]) => [{ ErrorEquals: errors, MaxAttempts: 3 }];
const RETRY = retrying("Transient", "Throttled", ...LAMBDA_FAULTS);
const CATCH = [
  { ErrorEquals: ["States.ALL"], Assign: { failure: "{% $states.errorOutput %}" }, Next: "RecordFailure" },
];

const work = {
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: "${Work}", Payload: "{% $states.input %}" },
  TimeoutSeconds: 60,
  Retry: RETRY,
  Catch: CATCH,
  Output: "{% $states.result.Payload %}",
  Next: "Done",
};

const machine = {
  Comment: "Does one piece of work.",
  QueryLanguage: "JSONata",
  StartAt: "Work",
  TimeoutSeconds: 600,
  States: {
    Work: work,
    RecordFailure: {
      ...work,
      Arguments: { FunctionName: "${RecordFailure}", Payload: "{% $failure %}" },
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "Failed" }],
      Next: "Failed",
    },
    Done: { Type: "Succeed" },
    Failed: { Type: "Fail", Error: "{% $failure.Error %}" },
  },
};

const SUBSTITUTIONS = { substitutions: ["Work", "RecordFailure"] };
const rulesOf = (definition: unknown): string[] =>
  checkDefinition(JSON.stringify(definition), SUBSTITUTIONS).map(
    ({ rule, state }) => `${rule}${state === undefined ? "" : ` ${state}`}`,
  );
const withWork = (changes: object): unknown => ({
  ...machine,
  States: { ...machine.States, Work: { ...work, ...changes } },
});
const { TimeoutSeconds: _limit, ...unlimited } = work;
const { Comment: _comment, ...silent } = machine;
const { TimeoutSeconds: _machineLimit, ...endless } = machine;

describe("the checks of a machine's text", () => {
  it("find nothing in a sound machine", () => {
    expect(checkDefinition(JSON.stringify(machine), SUBSTITUTIONS)).toEqual([]);
  });

  it.each<[string, unknown, string[]]>([
    ["a variable that nothing assigns", withWork({ Output: "{% $nowhere %}" }), ["undefined-variable Work"]],
    [
      "a variable that only one way assigns",
      {
        ...machine,
        StartAt: "Fork",
        States: {
          ...machine.States,
          Fork: {
            Type: "Choice",
            Choices: [{ Condition: "{% $states.input.a %}", Assign: { seen: true }, Next: "Work" }],
            Default: "Work",
          },
          Work: { ...work, Output: "{% $seen %}" },
        },
      },
      ["undefined-variable Work"],
    ],
    ["a guarded variable", withWork({ Output: "{% $exists($nowhere) ? $nowhere : 1 %}" }), []],
    ["a function's own parameter", withWork({ Output: "{% $map([1], function($v) { $v + 1 }) %}" }), []],
    ["a name bound in a block", withWork({ Output: "{% ($a := 1; $a + 1) %}" }), []],
    ["an unknown member of $states", withWork({ Output: "{% $states.output %}" }), ["states-member Work"]],
    ["a result before there is one", withWork({ Arguments: "{% $states.result %}" }), ["states-member Work"]],
    ["an error where none was caught", withWork({ Output: "{% $states.errorOutput %}" }), ["states-member Work"]],
    [
      "an unknown member of the context",
      withWork({ Output: "{% $states.context.Execution.Nmae %}" }),
      ["states-member Work"],
    ],
    ["a token that nobody waits for", withWork({ Output: "{% $states.context.Task.Token %}" }), ["states-member Work"]],
    ["a JSONPath", withWork({ Output: { a: "$.input.a" } }), ["jsonpath Work"]],
    ["a JSONPath field name", withWork({ Output: { "a.$": "b" } }), ["jsonpath Work"]],
    ["half an expression", withWork({ Output: "run {% $states.input %}" }), ["half-expression Work"]],
    ["an expression that does not parse", withWork({ Output: "{% $states.input. %}" }), ["expression Work"]],
    ["a Task without a limit", { ...machine, States: { ...machine.States, Work: unlimited } }, ["limit Work"]],
    [
      "a token without a heartbeat",
      withWork({ Resource: "arn:aws:states:::ecs:runTask.waitForTaskToken" }),
      ["limit Work"],
    ],
    ["a Throttled that is not retried", withWork({ Retry: retrying("Transient", ...LAMBDA_FAULTS) }), ["retry Work"]],
    ["States.ALL in Retry", withWork({ Retry: [...RETRY, { ErrorEquals: ["States.ALL"] }] }), ["retry Work"]],
    [
      "a fault of Lambda that is not retried",
      withWork({ Retry: retrying("Transient", "Throttled", ...LAMBDA_FAULTS.slice(1)) }),
      ["retry Work"],
    ],
    [
      "the ends of a function in Retry",
      withWork({ Retry: [...RETRY, ...retrying("Lambda.Unknown", "Sandbox.Timedout", "Runtime.OutOfMemory")] }),
      ["retry Work", "retry Work", "retry Work"],
    ],
    ["a failure that nothing catches", withWork({ Catch: [] }), ["record-failure Work"]],
    [
      "a failure without a record",
      withWork({ Catch: [{ ErrorEquals: ["States.ALL"], Assign: { failure: {} }, Next: "Failed" }] }),
      ["record-failure Work"],
    ],
    ["an unknown placeholder", withWork({ Arguments: { FunctionName: "${Wrok}", Payload: {} } }), ["substitution"]],
    ["a machine without a Comment", silent, ["comment"]],
    ["a machine without a limit", endless, ["machine-timeout"]],
    [
      "too many states",
      {
        ...machine,
        States: {
          ...machine.States,
          ...Object.fromEntries(
            Array.from({ length: 13 }, (_, index) => [`Extra${index}`, { Type: "Pass", Next: "Done" }]),
          ),
        },
      },
      ["size"],
    ],
  ])("judge %s", (_what, definition, rules) => {
    // An unreachable extra state is asl-validator's finding, not the rule's under test.
    expect(rulesOf(definition).filter((rule) => rule !== "schema")).toEqual(rules);
  });

  it("find a transition to nowhere by the schema", () => {
    expect(rulesOf(withWork({ Next: "Nowhere" }))).toContain("schema");
  });

  it("say that a text is not JSON", () => {
    expect(checkDefinition("{").map(({ rule }) => rule)).toEqual(["json"]);
  });
});
