import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Half of a start is stripping types and compiling what has not changed. Without a place to write it is as it was.
enableCompileCache(join(import.meta.dirname, "..", ".tools", "compile-cache"));
const { runProgram } = await import("./cli/program.ts");
process.exitCode = await runProgram(process.argv);
