import * as z from "zod";
import { EXIT, table } from "../output.ts";
import { Run, seconds } from "../status.ts";
import type { Verb } from "../verb.ts";

/** A person reads a page; a program wants all there is. */
const PAGE = 200;
const MOST = 10_000;

const Options = z.looseObject({ limit: z.coerce.number().int().min(1).max(MOST).optional() });

export const runs: Verb = {
  usage: "runs",
  summary: "List runs, newest first",
  options: [["--limit <n>", `how many (default ${PAGE}, with --json ${MOST})`]],
  home: "engine",
  examples: ["runs", "runs --limit 5 --json"],
  async run({ options }, { out, engine }) {
    const { limit = out.json ? MOST : PAGE } = Options.parse(options);
    const found = await (await engine()).get(`/api/runs?limit=${limit}`, z.array(Run));
    out.result(found, () =>
      found.length === 0
        ? "No run yet. Land a file with `npx millrace land`."
        : table(
            ["id", "domain", "job", "status", "partition", "started", "took", "error"],
            found.map((run) => [
              run.id,
              run.domain,
              run.job,
              run.status,
              run.partition,
              run.startedAt.slice(0, 19),
              seconds(run),
              run.error === null ? "" : `${run.error.name} ${run.error.code}`,
            ]),
          ),
    );
    return EXIT.ok;
  },
};
