import { join } from "node:path";
import { writeTinyAssembly } from "./tiny-assembly.ts";

const SECOND_ATTEMPT_WORKS = {
  ErrorEquals: ["Transient", "States.HeartbeatTimeout", "Lambda.ServiceException"],
  ...{ IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 1 },
};
const GIVEN = "{'attempt': $states.context.State.RetryCount, 'marks': $states.input.marks}";

/** Writes its process id into the folder `marks` once it is at work; the first attempt then never ends by itself. */
const CONTAINER = `
const { writeFileSync } = require("node:fs");
const { attempt, marks } = JSON.parse(process.env.INPUT);
const post = (verb, body) => fetch(process.env.MILLRACE_EMBEDDED_URL + "/tokens/" + verb, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: process.env.TOKEN, ...body }) });
const beat = () => post("heartbeat", {}).catch(() => undefined);
beat().then(() => {
  writeFileSync(marks + "/container-" + attempt, String(process.pid));
  if (attempt > 0) return post("succeed", { output: { attempt } }).then(() => process.exit(0));
  setInterval(beat, 200);
});`;
const FUNCTION = `
const { writeFileSync } = require("node:fs");
exports.handler = async ({ attempt, marks }) => {
  writeFileSync(marks + "/function-" + attempt, String(process.pid));
  if (attempt === 0) await new Promise(() => setInterval(() => undefined, 1000));
  return { attempt };
};`;

/** Machines `container` and `function` of one step whose first worker works until something ends it. */
export function writeDyingAssembly(folder: string, heartbeatSeconds: number): string {
  const alone = (state: object) => ({
    StartAt: "Work",
    States: { Work: { Type: "Task", ...state, Retry: [SECOND_ATTEMPT_WORKS], End: true } },
  });
  return writeTinyAssembly(join(folder, "assembly"), {
    containers: { Container: { code: CONTAINER } },
    functions: { Function: { code: FUNCTION, timeoutSeconds: 900 } },
    machines: {
      container: alone({
        Resource: "arn:aws:states:::ecs:runTask.waitForTaskToken",
        Arguments: {
          TaskDefinition: "${Container}",
          Overrides: {
            ContainerOverrides: [
              {
                Name: "Container",
                Environment: [
                  { Name: "TOKEN", Value: "{% $states.context.Task.Token %}" },
                  { Name: "INPUT", Value: `{% $string(${GIVEN}) %}` },
                ],
              },
            ],
          },
        },
        HeartbeatSeconds: heartbeatSeconds,
      }),
      function: alone({
        Resource: "arn:aws:states:::lambda:invoke",
        Arguments: { FunctionName: "${Function}", Payload: `{% ${GIVEN} %}` },
        Output: "{% $states.result.Payload %}",
        TimeoutSeconds: 900,
      }),
    },
  });
}
