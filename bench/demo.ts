import { runByName } from "./by-name.ts";

/** `npm run demo -- NAME [options]`: a domain with stand-ins for the systems outside, on the embedded default. */
const isRight = await runByName("demo", {
  openedx: {
    options: "--courses N (50, at least 3)  --state FOLDER (kept; empty or not there yet)",
    load: () => import("./demo/openedx.ts"),
  },
});
process.exit(isRight ? 0 : 1);
