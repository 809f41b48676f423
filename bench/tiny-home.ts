import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEngine, type EngineClient } from "../embedded/control/client.ts";
import { startHome } from "../embedded/server.ts";
import { writeTinyAssembly } from "../test/standins/tiny-assembly.ts";

export const STEPS = 5;

/** The embedded engine with a machine of five steps that do nothing, `five`, started by landings under `sources/`. */
export async function withTinyHome<T>(
  work: (home: { readonly engine: EngineClient; readonly stateDir: string }) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-tiny-"));
  const names = Array.from({ length: STEPS }, (_, index) => `Step${index + 1}`);
  const states = names.map((name, index) => [
    name,
    {
      ...{ Type: "Task", Resource: "arn:aws:states:::lambda:invoke" },
      Arguments: { FunctionName: `\${${name}}`, Payload: "{% $states.input %}" },
      Output: "{% $states.result.Payload %}",
      TimeoutSeconds: 60,
      ...(index + 1 < names.length ? { Next: names[index + 1] } : { End: true }),
    },
  ]);
  writeTinyAssembly(join(folder, "assembly"), {
    functions: Object.fromEntries(names.map((name) => [name, { code: "exports.handler = async (event) => event;" }])),
    machines: { five: { StartAt: names[0], States: Object.fromEntries(states) } },
    landings: { landed: { machine: "five", prefix: "sources/" } },
  });
  const stateDir = join(folder, "state");
  const home = await startHome({
    ...{ stateDir, assemblyDir: join(folder, "assembly"), environment: "dev", duckdbExtensions: folder, toolPath: [] },
    onFatal: (error) => {
      throw error;
    },
    log: () => undefined,
  });
  try {
    const engine = await findEngine(stateDir);
    if (engine === undefined) throw new Error("The engine does not answer.");
    return await work({ engine, stateDir });
  } finally {
    await home.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
