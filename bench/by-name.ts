interface Entry<T> {
  /** What it takes, with defaults. */
  readonly options: string;
  readonly load: () => Promise<{ run(args: readonly string[]): Promise<T> }>;
}

/** `npm run <kind> -- NAME [options]`: what the name stands for is run; a mistake of the command line ends with 2. */
export async function runByName<T>(kind: "bench" | "demo", entries: Readonly<Record<string, Entry<T>>>): Promise<T> {
  const [name = "", ...args] = process.argv.slice(2);
  if ([name, ...args].some((arg) => arg === "--help" || arg === "-h")) {
    const rows = Object.entries(entries).map(([one, { options }]) => `  ${one.padEnd(14)} ${options}`.trimEnd());
    process.stdout.write(`Usage: npm run ${kind} -- NAME [options]\n\n${rows.join("\n")}\n`);
    process.exit(0);
  }
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry === undefined) {
    const names = Object.keys(entries).join(", ");
    refuse(name === "" ? `Name a ${kind}.` : `"${name}" is no ${kind}.`, `Use one of: ${names}.`);
  }
  const { run } = await entry.load();
  try {
    return await run(args);
  } catch (error) {
    if (!isUsage(error)) throw error;
    return refuse(error.message, `See \`npm run ${kind} -- --help\`.`);
  }
}

/** Of `parseArgs`, with which every bench reads its options. */
const isUsage = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");

function refuse(message: string, hint: string): never {
  process.stderr.write(`millrace: ${message}\n  ${hint}\n`);
  process.exit(2);
}
