import { parseArgs } from "node:util";
import { startEmulator } from "./emulator.ts";

/** `npm run emulator [-- --port 4566]`: an account to try things in, until Ctrl-C. Nothing of it is kept. */
const { values } = parseArgs({ options: { port: { type: "string", default: "4566" } } });
const emulator = await startEmulator(Number(values.port));
const exports = Object.entries(emulator.env).map(([name, value]) => `export ${name}=${value}`);
process.stdout.write(`${exports.join("\n")}\n`);
process.stderr.write(
  `The emulator is up; the lines above are for your other shell. Its log is ${emulator.logFile}. Ctrl-C ends it.\n`,
);
await new Promise<void>((asked) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => asked());
});
await emulator.stop();
