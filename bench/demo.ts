/** `npm run demo -- NAME [options]`: a domain with stand-ins for the systems outside, on the embedded default. */
const DEMOS: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<boolean> }>>> = {
  openedx: () => import("./demo/openedx.ts"),
};

const [name = "", ...args] = process.argv.slice(2);
const load = Object.hasOwn(DEMOS, name) ? DEMOS[name] : undefined;
if (load === undefined) {
  process.stderr.write(`millrace: "${name}" is no demo. Use one of: ${Object.keys(DEMOS).join(", ")}.\n`);
  process.exit(2);
}
process.exit((await (await load()).run(args)) ? 0 : 1);
