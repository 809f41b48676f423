import { startHome } from "../../embedded/server.ts";

/** An engine as a process that can be killed: `node engine-process.ts <state folder> <assembly> [extensions] [tools]`. */
const [stateDir = "", assemblyDir = "", duckdbExtensions = assemblyDir, ...toolPath] = process.argv.slice(2);
await startHome({
  ...{ stateDir, assemblyDir, environment: "dev", duckdbExtensions, toolPath },
  onFatal: (error) => {
    throw error;
  },
  log: (message) => void process.stderr.write(`${message}\n`),
});
