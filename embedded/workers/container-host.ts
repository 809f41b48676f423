import { spawn } from "node:child_process";

/**
 * Stands between the engine and a container's command. When the engine is gone, the whole process group goes with it
 * (dbt and other grandchildren too): two writers for one task would be worse than none.
 */
const [command = "", ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });

process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => child.kill(signal));

child.on("error", (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
// As a shell reports it: 128 + the signal's number; SIGKILL is 137 and the only one that is told apart.
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGKILL" ? 137 : 143)));
