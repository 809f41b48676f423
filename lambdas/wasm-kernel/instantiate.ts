declare global {
  // In every Node; TypeScript's libraries have it only for browsers.
  namespace WebAssembly {
    const Module: new (bytes: Uint8Array) => object;
    const Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
    const Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
  }
}

/** A compiled kernel with its memory, which never grows. */
export function instantiate(
  base64: string,
  folder: string,
): { readonly run: (...args: readonly number[]) => number; readonly memory: ArrayBuffer } {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(base64, "base64")));
  const { run, memory } = instance.exports;
  if (typeof run !== "function" || !(memory instanceof WebAssembly.Memory)) {
    throw new TypeError(`${folder}/module.ts holds another module: run lambdas/wasm-kernel/compile.ts.`);
  }
  return { run: (...args) => Number(run(...args)), memory: memory.buffer };
}
