import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Failure } from "../../core/model/failures.ts";
import { Engine } from "../engine/engine.ts";
import { openExpress, type Express } from "./express.ts";

const STANDARD = "arn:aws:states:us-east-1:000000000000:stateMachine:flow";
const EXPRESS = "arn:aws:states:us-east-1:000000000000:stateMachine:flow-start";
const text = readFileSync(join(import.meta.dirname, "../../lib/constructs/starter.asl.json"), "utf8");
const starter = (machine: string) => ({
  arn: EXPRESS,
  name: "flow-start",
  definition: text.replace("${Machine}", machine).replace("${DeadLetters}", "queue"),
  roleArn: "",
});
const flow = {
  arn: STANDARD,
  name: "flow",
  definition: '{"QueryLanguage":"JSONata","StartAt":"Done","States":{"Done":{"Type":"Succeed"}}}',
  roleArn: "",
};
const caller = {
  arn: `${STANDARD}-caller`,
  name: "caller",
  definition: JSON.stringify({
    QueryLanguage: "JSONata",
    StartAt: "Call",
    States: {
      Call: {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke",
        Arguments: { FunctionName: "f", Payload: "{% $states.input %}" },
        Retry: [{ ErrorEquals: ["Transient"], IntervalSeconds: 1, MaxAttempts: 1 }],
        Output: "{% $states.result.Payload %}",
        End: true,
      },
    },
  }),
  roleArn: "",
};
const called: unknown[] = [];
const told = (eventId: string, id: string) => ({
  ...{ domain: "tiny", job: "work", trigger: "work" },
  event: { id, time: "2026-01-15T10:00:00Z", detail: { asset: "a", partition: "p", eventId } },
});

let folder: string;
let engine: Engine;
let express: Express;
const open = async (machine = STANDARD): Promise<void> => {
  const effects = { invokeLambda: () => Promise.resolve(), runContainer: () => Promise.resolve() };
  engine = await Engine.open({ file: join(folder, "engine.db"), machines: [flow], effects });
  express = await openExpress(
    [starter(machine), caller],
    (arn, name, input) => engine.start(arn, { ...(name === undefined ? {} : { name }), input }),
    ({ functionArn, payload }) => {
      called.push([functionArn, payload]);
      return called.length < 2
        ? Promise.reject(new Failure("Transient", "not yet", { code: "test", what: "test" }))
        : Promise.resolve({ executions: [`${STANDARD}:of-a-request`] });
    },
  );
};
const close = async (): Promise<void> => {
  await express.close();
  await engine.close();
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "express-"));
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});
const names = (): string[] => engine.list().executions.map(({ name }) => name);

test("starts one run of an event however often it is delivered, while it runs and after it has ended", async () => {
  await open();
  const both = await Promise.all([express.run(EXPRESS, told("v1", "1")), express.run(EXPRESS, told("v1", "1"))]);
  await engine.settled();
  const later = await express.run(EXPRESS, told("v1", "another delivery"));
  expect(new Set([...both, later].map((arns) => arns.join()))).toEqual(
    new Set([engine.list().executions[0]?.executionArn]),
  );
  expect(names()).toHaveLength(1);
  await express.run(EXPRESS, told("v2", "2"));
  expect(names()).toHaveLength(2);
});

test("starts nothing twice when the engine was gone before the start was acknowledged", async () => {
  await open();
  const before = await express.run(EXPRESS, told("v1", "1"));
  await close();
  await open();
  expect(await express.run(EXPRESS, told("v1", "1"))).toEqual(before);
  expect(names()).toHaveLength(1);
});

test("rejects with what no attempt clears, and starts nothing", async () => {
  await open("arn:aws:states:us-east-1:000000000000:stateMachine:nowhere");
  await expect(express.run(EXPRESS, told("v1", "1"))).rejects.toThrow(
    /StepFunctions.StateMachineDoesNotExistException.*nowhere/,
  );
  expect(names()).toEqual([]);
});

test("hands an engine that goes away on to whoever asked, who keeps the event", async () => {
  await open();
  await engine.close();
  await expect(express.run(EXPRESS, told("v1", "1"))).rejects.toMatchObject({ name: "EngineClosed" });
});

test("calls functions, with the retries of the text, and tells of the executions that they request", async () => {
  await open();
  expect(await express.run(caller.arn, { a: 1 })).toEqual([`${STANDARD}:of-a-request`]);
  expect(called).toEqual([
    ["f", { a: 1 }],
    ["f", { a: 1 }],
  ]);
});
