import * as z from "zod";
import { readSettings } from "../../../core/io/settings.ts";
import { EXIT, table } from "../output.ts";
import { readStatus, Run, seconds } from "../status.ts";
import type { Verb } from "../verb.ts";

/** A person reads a page; a program wants all there is. */
const PAGE = 200;
const MOST = 10_000;

const Options = z.looseObject({ limit: z.coerce.number().int().min(1).max(MOST).optional() });

/** As the coordinator's clock judges it, which tells of it. */
const isStuck = ({ status, startedAt }: Run, longestSeconds = Infinity): boolean =>
  status === "running" && Date.now() - Date.parse(startedAt) > longestSeconds * 1_000;

export const runs: Verb = {
  usage: "runs",
  summary: "List runs, newest first",
  options: [["--limit <n>", `how many (default ${PAGE}, with --json ${MOST})`]],
  home: "engine",
  examples: ["runs", "runs --limit 5 --json"],
  async run({ options }, { out, engine }) {
    const { limit = out.json ? MOST : PAGE } = Options.parse(options);
    const client = await engine();
    const { settings } = await readStatus(client);
    const limits = readSettings(settings).runs?.longestSeconds ?? {};
    const found = (await client.get(`/api/runs?limit=${limit}`, z.array(Run))).map((run) =>
      isStuck(run, limits[run.domain]) ? { ...run, stuck: true } : run,
    );
    out.result(found, () =>
      found.length === 0
        ? "No run yet. Land a file with `npx millrace land`."
        : table(
            ["id", "domain", "job", "status", "partition", "started", "took", "error"],
            found.map((run) => [
              run.id,
              run.domain,
              run.job,
              "stuck" in run ? `${run.status}, stuck` : run.status,
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
