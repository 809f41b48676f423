import { alertOf } from "../model/alerts/of-run.ts";
import { declaredTarget, upstreamsOf, withDeclaredCode } from "../model/assets.ts";
import { endedRun, withoutStart, type EndedRun } from "../model/ended-run.ts";
import { Failure, isFailure } from "../model/failures.ts";
import type { ItemEvent } from "../model/items/item-event.ts";
import type { ItemKey } from "../model/items/item-key.ts";
import type { RunRequest } from "../model/items/run-request.ts";
import type { RunTarget } from "../model/items/trigger-rule.ts";
import { OPERATIONS } from "../model/platform-domains.ts";
import { openBackfills, type BackfillHome, type Backfills } from "./backfills.ts";
import { failedSteps } from "./failed-steps.ts";
import { keepTarget, readTarget } from "./item-targets.ts";
import { tellConsumers } from "./consumers.ts";
import { openItems, type Applied, type Items } from "./items.ts";
import { readRequest } from "./lane-requests.ts";
import { openLanes, type Lanes } from "./lanes.ts";
import { consolePage, executionArnOf, machineArnOf } from "./machine-arns.ts";
import type { ExecutionState, Io } from "./ports.ts";
import { openRecovery, type Recovery } from "./recovery.ts";
import { outputsOf, ownOutput, type RunOutput } from "./run-outputs.ts";
import { ENV, type RunSettings, type Settings } from "./settings.ts";
import { startAlert } from "./start-alert.ts";
import { tellWatchers } from "./tell-watchers.ts";

export interface CoordinationOptions {
  readonly io: Pick<Io, "ledger" | "objects" | "executions">;
  readonly settings: Pick<Settings, "environment" | "buckets" | "runs" | "machineArnPrefix" | "embedded">;
  readonly now: () => number;
}

/** What decides which run comes next: items, lanes, and what follows the end of a run. */
export interface Coordination {
  readonly items: Items;
  readonly lanes: Lanes;
  readonly backfills: Backfills;
  readonly recovery: Recovery;
  /**
   * An upstream of an item was seen: requests the run that is due, if any. Follow it by `lanes.dispatch`. `target`: for
   * an asset that declares no job; without one the change stays pending.
   */
  observed(
    item: ItemKey,
    sighting: { readonly upstream: string; readonly version: string; readonly at: number },
    target?: RunTarget,
  ): Promise<Applied | undefined>;
  /** The asset declares another code version: requests the run that is due, if any. Follow it by `lanes.dispatch`. */
  recoded(
    item: ItemKey,
    code: { readonly version: string; readonly before: string; readonly at: number },
  ): Promise<Applied | undefined>;
  /** Follows up the end of a run: its item, its slot, the next runs, the alert. Repeating it is harmless. */
  ended(run: EndedRun): Promise<{ readonly started: readonly string[] }>;
}

/** What the rule asks for by itself; what is missing waits for a person or a backfill. */
const AUTOMATIC = ["failed-once", "upstream-changed", "code-changed"] as const;

export function openCoordination({ io, settings, now }: CoordinationOptions): Coordination {
  const { ledger, objects, executions } = io;
  const { lanes: declared, cap, failedOnceDelayMs, assets = [], pings = [] } = runsOf(settings);
  const items = openItems(ledger, (asset) => upstreamsOf(asset, assets));
  const rules = { automatic: AUTOMATIC, failedOnceDelayMs };
  const settle = async (
    run: EndedRun,
  ): Promise<{ readonly requested: boolean; readonly lanes: readonly string[]; readonly backfill?: string }> => {
    const request = (await readRequest(ledger, run.name))?.request;
    const lane = request?.lane ?? run.domain;
    const { item } = run;
    const outputs = await outputsOf(ledger, run.name);
    const applied =
      item === undefined
        ? undefined
        : await apply(item, run, outputs, { domain: run.domain, lane, input: run.input }).catch(invalid);
    const before = applied?.before;
    // All jobs of a domain go through its own lane: what one of them lacks must not stop the others.
    const laneClosed = request !== undefined && lane !== run.domain && run.failure?.name === "Misconfigured";
    if (laneClosed && run.failure !== undefined) {
      const { message } = run.failure;
      await lanes.close(lane, { class: "Misconfigured", reason: message, since: run.endedAt });
    }
    const again = applied?.state.runs.some(({ reasons }) => reasons.includes("failed-once")) === true;
    const repeated = request?.reason === "failed-once" && before?.last?.run != null;
    await raise(run, before?.failingSince != null, {
      first: repeated ? (before.last?.run ?? run.name) : run.name,
      attempt: repeated ? 2 : 1,
      laneClosed,
      redrive: request?.redrive ?? 0,
      ...(again ? { retryAt: new Date(run.endedAt + failedOnceDelayMs).toISOString() } : {}),
    });
    await tellWatchers({ ledger, executions, pings }, run);
    const backfill = request === undefined ? undefined : await backfills.ended(request, run.outcome, now());
    // Also of a request that an earlier telling made: its dispatch may never have come.
    const isAsked = applied?.state.runs.some(({ phase }) => phase === "queued") === true;
    const requested = request !== undefined;
    const consumers = await tellConsumers(assets, { item, outputs }, decided);
    const next = (item && declaredTarget(item.asset, assets))?.lane ?? lane;
    return {
      ...{ requested, lanes: isAsked ? [next, ...consumers] : consumers },
      ...(backfill === undefined ? {} : { backfill }),
    };
  };

  const decided = (item: ItemKey, event: ItemEvent, wanted: RunTarget | undefined, create = true) => {
    const target = withDeclaredCode(wanted, item.asset, assets);
    const enqueue = target === undefined ? {} : { enqueue: { target, writesFor: lanes.writesFor } };
    return items.apply(item, event, { now: now(), create, ...rules, ...enqueue });
  };

  const apply = async (item: ItemKey, run: EndedRun, outputs: readonly RunOutput[], ran: RunTarget) => {
    const declaredOne = declaredTarget(item.asset, assets);
    if (declaredOne === undefined) await keepTarget(ledger, item, ran);
    const dataVersion = ownOutput(item, outputs)?.dataVersion;
    const made = run.outcome.status === "succeeded" && dataVersion !== undefined ? { dataVersion } : {};
    return decided(
      item,
      { type: "run-ended", run: run.name, at: run.endedAt, outcome: { ...run.outcome, ...made } },
      declaredOne ?? ran,
    );
  };

  const raise = async (
    run: EndedRun,
    wasFailing: boolean,
    {
      redrive,
      ...facts
    }: Pick<Parameters<typeof alertOf>[2], "first" | "attempt" | "laneClosed" | "retryAt"> & {
      readonly redrive: number;
    },
  ): Promise<void> => {
    if (run.domain === OPERATIONS) return;
    const steps = run.failure === undefined ? [] : await failedSteps(ledger, run.name);
    // A run that went on after its end has ended once more.
    const ended = redrive === 0 ? run.executionArn : `${run.executionArn}#${redrive}`;
    const alert = alertOf({ ...run, executionArn: ended }, wasFailing, {
      environment: settings.environment,
      steps,
      ...facts,
      ...(settings.embedded === undefined ? { execution: consolePage(run.executionArn) } : {}),
    });
    if (alert === undefined) return;
    await startAlert(executions, { key: ended, trigger: "run_ended", event: alert });
  };

  const lanes = openLanes({
    ledger,
    executions,
    lanes: declared,
    cap,
    settle: async (request, end) => {
      const run = untold(request, end, settings.machineArnPrefix);
      if (run !== undefined) await settle(run);
    },
  });

  const home: BackfillHome = {
    ...{ ledger, objects, executions, items, lanes, rules },
    bucket: settings.buckets.artifacts,
    slotsOf: (lane) => declared.find(({ id }) => id === lane)?.slots,
    targetOf: async (key) =>
      declaredTarget(key.asset, assets) ?? withDeclaredCode(await readTarget(ledger, key), key.asset, assets),
  };
  const backfills = openBackfills(home);

  return {
    ...{ items, lanes, backfills, recovery: openRecovery(home) },
    recoded: async (item, code) => decided(item, { type: "code-version", ...code }, await home.targetOf(item), false),
    async observed(item, sighting, target) {
      const wanted = target ?? declaredTarget(item.asset, assets);
      // Before the item is there: nobody shall find one that nobody knows how to run.
      if (target !== undefined) await keepTarget(ledger, item, { ...target, input: withoutStart(target.input ?? {}) });
      return decided(item, { type: "observed", ...sighting }, wanted);
    },
    async ended(run) {
      const { requested, lanes: waiting, backfill } = await settle(run);
      const freed = requested ? (await lanes.ended(run.name, now())).started : [];
      const granted = waiting.length === 0 ? [] : (await lanes.dispatch(waiting, now())).started;
      if (backfill !== undefined) await backfills.feed(backfill, now());
      return { started: [...freed, ...granted] };
    },
  };
}

function runsOf({ runs }: Pick<Settings, "runs">): RunSettings {
  if (runs !== undefined) return runs;
  throw new Failure("Misconfigured", `The setting ${ENV.runs} is missing.`, {
    code: "setting_missing",
    what: "decide which run comes next",
    hint: "Only a task that declares whom it `starts` has it.",
  });
}

/** A key that cannot be a partition is followed as a run only. */
function invalid(error: unknown): undefined {
  if (isFailure(error) && error.code === "partition_invalid") return undefined;
  throw error;
}

/** Of an execution whose end no event has told: the event that should have come. Undefined = it runs still. */
function untold({ name, domain, input, requestedAt }: RunRequest, end: ExecutionState, prefix: string) {
  if (end.status === "RUNNING") return undefined;
  const stateMachineArn = machineArnOf(prefix, domain);
  return endedRun(
    {
      ...{ name, stateMachineArn, executionArn: executionArnOf(stateMachineArn, name) },
      ...{ status: end.status, error: end.error, cause: end.cause, input: JSON.stringify(input) },
      startDate: end.startedAt.getTime(),
      stopDate: end.endedAt?.getTime() ?? requestedAt,
    },
    prefix,
  );
}
