import { expect, test } from "vitest";
import type { Json } from "./json.ts";
import { loadDefinition } from "./load.ts";

const load = (states: Record<string, Json>, top: Record<string, Json> = {}) =>
  loadDefinition(JSON.stringify({ QueryLanguage: "JSONata", StartAt: Object.keys(states)[0], States: states, ...top }));

const END = { Type: "Pass", End: true };
const LAMBDA = { Type: "Task", Resource: "arn:aws:states:::lambda:invoke", End: true };

test.each<[string, Record<string, Json>, Record<string, Json>, string]>([
  ["JSONPath machines", { A: END }, { QueryLanguage: "JSONPath" }, "/States/A: QueryLanguage must be JSONata"],
  ["machines without a language", { A: END }, { QueryLanguage: null }, "QueryLanguage must be JSONata"],
  ["JSONPath states", { A: { ...END, QueryLanguage: "JSONPath" } }, {}, "/States/A: QueryLanguage must be JSONata"],
  ["JSONPath fields", { A: { ...END, ResultPath: "$.a" } }, {}, 'field "ResultPath" belongs to JSONPath'],
  ["unknown fields", { A: { ...END, Outputs: 1 } }, {}, 'field "Outputs" is not supported here'],
  ["fields of another type", { A: { ...END, Retry: [] } }, {}, 'field "Retry" is not supported here'],
  ["unknown types", { A: { Type: "Activity" } }, {}, 'Type "Activity" is not one of'],
  ["a StartAt that is no state", { A: END }, { StartAt: "B" }, 'StartAt names "B"'],
  ["a Next that is no state", { A: { Type: "Pass", Next: "B" } }, {}, 'there is no state "B" at this level'],
  ["states that nothing leads to", { A: END, B: END }, {}, "/States/B: no state leads here"],
  ["levels without an end", { A: { Type: "Pass", Next: "A" } }, {}, "no state ends this level"],
  ["a state with Next and End", { A: { ...END, Next: "A" } }, {}, "either Next or End"],
  [
    "unknown resources",
    { A: { ...LAMBDA, Resource: "arn:aws:states:::aws-sdk:s3:getObject" } },
    {},
    "is not an integration that runs here",
  ],
  [
    "expressions that do not parse",
    { A: { ...END, Output: { a: ["{% 1 + %}"] } } },
    {},
    "/States/A/Output/a[0]: the expression does not parse",
  ],
  ["a Wait with both", { A: { Type: "Wait", Seconds: 1, Timestamp: "x", End: true } }, {}, "exactly one of"],
  [
    "States.ALL with others",
    { A: { ...LAMBDA, Retry: [{ ErrorEquals: ["States.ALL", "X"] }] } },
    {},
    "States.ALL stands alone",
  ],
  [
    "an inline Map with a reader",
    { A: { Type: "Map", ItemReader: {}, ItemProcessor: { StartAt: "B", States: { B: END } }, End: true } },
    {},
    "ItemReader needs Mode DISTRIBUTED",
  ],
  [
    "a branch that leads outside",
    {
      P: { Type: "Parallel", Branches: [{ StartAt: "B", States: { B: { Type: "Pass", Next: "Z" } } }], Next: "Z" },
      Z: END,
    },
    {},
    '/States/P/Branches/0/States/B: there is no state "Z"',
  ],
  [
    "names used twice",
    { P: { Type: "Parallel", Branches: [{ StartAt: "P", States: { P: END } }], End: true } },
    {},
    "state names are unique",
  ],
  ["a variable named states", { A: { ...END, Assign: { states: 1 } } }, {}, '"states" is no name for a variable'],
])("refuses %s", (_, states, top, message) => {
  expect(() => load(states, top)).toThrow(message);
});

test("lists every problem at once", () => {
  expect(() => load({ A: { Type: "Pass", Next: "X", Parameters: {} }, B: END })).toThrow(
    /Parameters.*"X".*\/States\/B/,
  );
});

test("a state may name the language for itself", () => {
  const program = load({ A: { ...END, QueryLanguage: "JSONata" } }, { QueryLanguage: "JSONPath" });
  expect(program.levels.get("")?.startAt).toBe("A");
});

test("fills in AWS's defaults", () => {
  const state = load({ A: { ...LAMBDA, Retry: [{ ErrorEquals: ["X"] }] } })
    .levels.get("")
    ?.states.get("A");
  expect(state).toMatchObject({ retry: [{ intervalSeconds: 1, maxAttempts: 3, backoffRate: 2, jitter: false }] });
});

test("a mixed machine may have states that mean the same in both languages", () => {
  const done = { Done: { Type: "Succeed" } };
  const jsonata = { Type: "Pass", Next: "Done", QueryLanguage: "JSONata" };
  expect(load({ A: jsonata, ...done }, { QueryLanguage: null }).levels.get("")?.states.size).toBe(2);
  expect(() => load({ A: jsonata, Done: { Type: "Succeed", InputPath: "$.a" } }, { QueryLanguage: null })).toThrow(
    "/States/Done: QueryLanguage must be JSONata",
  );
});
