import { EXIT } from "../output.ts";
import { useReconciliation } from "../kernel.ts";
import type { Verb } from "../verb.ts";

const BUDGET_MS = 10 * 60_000;

export const reconcile: Verb = {
  usage: "reconcile",
  summary: "Compare all that has landed with what is on record, and request the runs whose events were lost",
  home: "either",
  examples: ["reconcile", "reconcile --json"],
  async run(_, context) {
    const reconciliation = await useReconciliation(context);
    await reconciliation.due(Date.now());
    const found = await reconciliation.run({ holder: `command line, process ${process.pid}`, budgetMs: BUDGET_MS });
    const { listed, known, requested, skipped, failed, finished, open, failing } = found;
    context.out.result(found, () =>
      [
        `${listed} objects: ${known} on record, ${requested} requested, ${skipped} left alone, ${failed} not readable.`,
        ...failing.map(({ upstream, error }) => `${upstream}: ${error}`),
        ...(finished
          ? []
          : [`Not finished${open.length > 0 ? `: ${open.join(", ")}` : ""}; the clock goes on with it.`]),
      ].join("\n"),
    );
    return finished ? EXIT.ok : EXIT.failed;
  },
};
