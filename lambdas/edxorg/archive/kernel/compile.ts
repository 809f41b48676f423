import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * `node lambdas/edxorg/archive/kernel/compile.ts` writes module.ts anew after row-kernel.as was changed. The compiler is
 * fetched for the occasion: it is 100 MB, and who does not change the kernel does not need it.
 */
const COMPILER = "assemblyscript@0.28.20";
const OPTIONS = ["-O3", "--runtime", "stub", "--noAssert", "--enable", "simd", "--initialMemory", "232"];

const source = join(import.meta.dirname, "row-kernel.as");
const folder = mkdtempSync(join(tmpdir(), "millrace-kernel-"));
try {
  // The compiler takes .ts only; under that name TypeScript would take the file for its own.
  copyFileSync(source, join(folder, "row-kernel.ts"));
  const compiler = ["--yes", "--package", COMPILER, "asc", "row-kernel.ts", "-o", "kernel.wasm", ...OPTIONS];
  execFileSync("npx", compiler, { cwd: folder, stdio: "inherit" });
  const sha256 = createHash("sha256").update(readFileSync(source)).digest("hex");
  writeFileSync(
    join(import.meta.dirname, "module.ts"),
    [
      "// Compiled from row-kernel.as by compile.ts; do not edit.",
      `export const KERNEL_SOURCE_SHA256 = "${sha256}";`,
      "// oxfmt-ignore",
      `export const KERNEL_BASE64 = "${readFileSync(join(folder, "kernel.wasm"), "base64")}";`,
      "",
    ].join("\n"),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
