import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/**
 * `node lambdas/wasm-kernel/compile.ts` writes the module.ts of each kernel anew after its source was changed. The
 * compiler is fetched for the occasion: it is 100 MB, and who does not change a kernel does not need it.
 */
const COMPILER = "assemblyscript@0.28.20";
const OPTIONS = ["-O3", "--runtime", "stub", "--noAssert", "--enable", "simd", "--initialMemory"];
/** With pages of 64 KiB: up to the end of the last place in each layout. */
const KERNELS = { "normalize/kernel/line-kernel.as": 352, "edxorg/archive/kernel/row-kernel.as": 232 };

for (const [path, pages] of Object.entries(KERNELS)) {
  const source = join(import.meta.dirname, "..", path);
  const folder = mkdtempSync(join(tmpdir(), "millrace-kernel-"));
  try {
    // The compiler takes .ts only; under that name TypeScript would take the file for its own.
    copyFileSync(source, join(folder, "kernel.ts"));
    const compiler = ["--yes", "--package", COMPILER, "asc", "kernel.ts", "-o", "kernel.wasm", ...OPTIONS, `${pages}`];
    execFileSync("npx", compiler, { cwd: folder, stdio: "inherit" });
    const sha256 = createHash("sha256").update(readFileSync(source)).digest("hex");
    writeFileSync(
      join(dirname(source), "module.ts"),
      [
        `// Compiled from ${basename(source)} by compile.ts; do not edit.`,
        `export const KERNEL_SOURCE_SHA256 = "${sha256}";`,
        "// oxfmt-ignore",
        `export const KERNEL_BASE64 = "${readFileSync(join(folder, "kernel.wasm"), "base64")}";`,
        "",
      ].join("\n"),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
