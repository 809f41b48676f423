import * as z from "zod";
import { Failure } from "../../core/model/failures.ts";
import type { Ledger, LedgerItem } from "../../core/io/ports.ts";
import { follow } from "../control/follow.ts";
import type { Executions, ExecutionView } from "../control/executions.ts";
import { nameAgain, nameByHand } from "../control/run-names.ts";
import { stepsOf, viewRun, type RunView } from "../control/run-view.ts";
import type { HomeStore } from "../home-store.ts";
import type { ReceivedWebhook } from "../webhook-inbox.ts";
import type { ApiRoute } from "./routes.ts";

export interface ControlOptions {
  readonly executions: Executions;
  readonly ledger: Ledger;
  readonly store: HomeStore;
  readonly machines: readonly { readonly arn: string; readonly name: string }[];
  readonly domainOf: (machineArn: string) => string;
  readonly eventsWaiting: () => boolean;
  readonly received: () => readonly ReceivedWebhook[];
  readonly status: () => Record<string, unknown>;
  readonly stop: () => void;
}

const RUNS_DEFAULT = 200;
const LandedObjects = z.object({
  objects: z.array(z.object({ bucket: z.string(), key: z.string(), versionId: z.string() })),
  /** Names of runs that are followed as well. */
  runs: z.array(z.string()).default([]),
  /** The runs' outputs before all has settled, too. */
  outputs: z.boolean().default(false),
});
const Start = z.object({ machine: z.string(), name: z.string().optional(), input: z.unknown().optional() });

/** What the command line and the console ask. The table is the whole interface. */
export function controlRoutes(options: ControlOptions): ApiRoute[] {
  const { executions, ledger, store } = options;
  const view = (execution: ExecutionView): Promise<RunView> => viewRun(ledger, execution, options.domainOf);
  const find = (id: string): ExecutionView => {
    const found = executions.find(id);
    if (found !== undefined) return found;
    throw new Failure("Rejected", `There is no run "${id}".`, {
      code: "run_missing",
      what: "look up a run",
      hint: "`npx millrace runs` lists them.",
    });
  };
  return [
    {
      // Whoever opens the address in a browser learns that it is the right one.
      method: "GET",
      path: "/",
      open: true,
      serve: () => ({ millrace: "The engine is up. Steer it with npx millrace --help.", icebergCatalogue: "/catalog" }),
    },
    { method: "GET", path: "/api/health", open: true, serve: () => ({ pid: process.pid }) },
    { method: "GET", path: "/api/status", serve: () => options.status() },
    {
      method: "GET",
      path: "/api/runs",
      serve: ({ query }) => Promise.all(executions.list(Number(query.get("limit") ?? RUNS_DEFAULT)).map(view)),
    },
    {
      method: "GET",
      path: "/api/runs/:id",
      serve: async ({ params }) => {
        const execution = find(params["id"] ?? "");
        const { input, output, arn } = execution;
        const [run, steps] = await Promise.all([view(execution), stepsOf(ledger, execution.name)]);
        return { ...run, arn, input, output: output ?? null, steps, history: executions.history(arn) };
      },
    },
    {
      method: "POST",
      path: "/api/runs/:id/stop",
      serve: async ({ params }) => {
        const { arn } = find(params["id"] ?? "");
        await executions.stop(arn, "Stopped", "Stopped by an operator.");
        return view(find(params["id"] ?? ""));
      },
    },
    {
      method: "POST",
      path: "/api/runs/:id/redrive",
      serve: async ({ params }) => {
        await executions.redrive(find(params["id"] ?? "").arn);
        return view(find(params["id"] ?? ""));
      },
    },
    {
      method: "POST",
      path: "/api/runs/:id/again",
      serve: async ({ params }) => {
        const { machineArn, input, name: earlier } = find(params["id"] ?? "");
        const name = nameAgain(earlier);
        await executions.start(machineArn, name, JSON.stringify(input));
        return view(find(name));
      },
    },
    {
      method: "POST",
      path: "/api/start",
      serve: async ({ body }) => {
        const { machine, name, input } = Start.parse(body);
        const found = options.machines.find(
          (one) => one.arn === machine || one.name === machine || options.domainOf(one.arn) === machine,
        );
        if (found === undefined) {
          throw new Failure("Rejected", `There is no state machine "${machine}".`, {
            code: "machine_missing",
            what: "start a run",
            hint: `There are: ${options.machines.map((one) => options.domainOf(one.arn)).join(", ")}.`,
          });
        }
        const run = name ?? nameByHand(input);
        await executions.start(found.arn, run, JSON.stringify(input ?? {}));
        return view(find(run));
      },
    },
    {
      method: "POST",
      path: "/api/follow",
      serve: async ({ body }) => {
        const { objects, runs, outputs } = LandedObjects.parse(body);
        const followed = follow(objects, options, runs);
        const detail = async (execution: ExecutionView) => ({
          ...(await view(execution)),
          ...(outputs || followed.settled ? { output: execution.output ?? null } : {}),
        });
        return {
          settled: followed.settled,
          objects: await Promise.all(
            followed.objects.map(async (found) => (found === undefined ? null : Promise.all(found.map(detail)))),
          ),
          downstream: await Promise.all(followed.downstream.map(view)),
        };
      },
    },
    {
      method: "GET",
      path: "/api/ledger/:pk",
      serve: async ({ params }) => ({ items: await allItems(ledger, params["pk"] ?? "") }),
    },
    {
      method: "GET",
      path: "/api/ledger/:pk/newest",
      serve: ({ params, query }) => {
        const after = query.get("after");
        const page = { limit: Number(query.get("limit") ?? RUNS_DEFAULT), ...(after === null ? {} : { after }) };
        return ledger.query(params["pk"] ?? "", { descending: true, ...page });
      },
    },
    { method: "GET", path: "/api/webhooks", serve: () => ({ received: options.received() }) },
    { method: "GET", path: "/api/dead-letters", serve: () => ({ deadLetters: store.deadLetters() }) },
    {
      method: "POST",
      path: "/api/stop",
      serve: () => {
        // The answer goes out first.
        setImmediate(options.stop);
        return { pid: process.pid };
      },
    },
  ];
}

const LEDGER_LIMIT = 10_000;

async function allItems(ledger: Ledger, pk: string): Promise<LedgerItem[]> {
  const items: LedgerItem[] = [];
  for (let after: string | undefined; items.length < LEDGER_LIMIT;) {
    const page = await ledger.query(pk, after === undefined ? {} : { after });
    items.push(...page.items);
    if (page.next === undefined) break;
    after = page.next;
  }
  return items;
}
