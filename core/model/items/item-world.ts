import type { ItemEvent, ItemEventOf, RunOutcome } from "./item-event.ts";
import { newItem, type Ask, type ItemState } from "./item-state.ts";
import { overtake, overtaken } from "./overtake.ts";
import type { AskReason } from "./reasons.ts";
import type { RunRequest } from "./run-request.ts";
import { decide } from "./trigger-rule.ts";

type Delivery = "at once" | "late" | "twice" | "lost";
type Upstream = "a" | "b";
export type Happening =
  | { readonly kind: "change"; readonly upstream: Upstream; readonly delivery: Delivery }
  | { readonly kind: "deploy"; readonly delivery: Delivery }
  | { readonly kind: "start"; readonly delivery: Delivery }
  | { readonly kind: "end"; readonly outcome: string; readonly delivery: Delivery }
  | { readonly kind: "arrive"; readonly pick: number }
  | { readonly kind: "sweep"; readonly upstream: Upstream }
  | { readonly kind: "ask"; readonly reason: AskReason }
  | { readonly kind: "evaluate" };

interface WorldRun {
  request: RunRequest;
  /** Its lane has given it a slot, whether or not the item has heard. */
  granted?: boolean;
  ended?: RunOutcome;
}

const PERMANENT = new Set(["Rejected", "Malformed", "Misconfigured"]);

/**
 * The world around one item, simple on purpose: upstreams whose versions only ever are new, runs that end, a post that
 * duplicates, delays and loses. It knows the truth, and asks what the rule did with it.
 */
export class World {
  readonly #truth: Record<Upstream, number> = { a: 0, b: 0 };
  readonly #runs: WorldRun[] = [];
  readonly #underway: ItemEvent[] = [];
  readonly #sent: ItemEvent[] = [];
  readonly #skewMs: () => number;
  #state: ItemState = newItem(0);
  #now = 1_000_000;
  #asks = 0;
  #code = 1;
  readonly #problems: string[] = [];

  constructor(skewMs: () => number) {
    this.#skewMs = skewMs;
  }

  happen(happening: Happening): void {
    this.#now += 1_000;
    switch (happening.kind) {
      case "change":
        this.#truth[happening.upstream] += 1;
        this.#post(this.#sighting(happening.upstream), happening.delivery);
        return;
      case "deploy":
        this.#code += 1;
        this.#post(this.#release(), happening.delivery);
        return;
      case "start": {
        const run = this.#running();
        if (run) run.granted = true;
        if (run) this.#post({ type: "run-started", run: run.request.name, at: this.#now }, happening.delivery);
        return;
      }
      case "end":
        this.#end(happening.outcome, happening.delivery);
        return;
      case "arrive": {
        const [event] = this.#underway.splice(happening.pick % Math.max(1, this.#underway.length), 1);
        if (event) this.#deliver(event);
        return;
      }
      case "sweep":
        this.#post(this.#sighting(happening.upstream), "at once");
        return;
      case "ask":
        this.#deliver({ type: "requested", ask: { id: `ask-${(this.#asks += 1)}`, reason: happening.reason } });
        return;
      case "evaluate":
        this.#deliver({ type: "evaluated" });
        return;
    }
  }

  /** The post empties itself in its own order, sweeps repeat what was lost, and from now on every run succeeds. */
  settle(): void {
    for (const event of this.#underway.splice(0).toReversed()) this.#deliver(event);
    this.#sweepEnds();
    // The sweep after all clocks were set right, and the differences have passed.
    this.#now += 2 * 3_600_000;
    for (const upstream of ["a", "b"] as const) {
      if (this.#truth[upstream] > 0) this.#deliver({ ...this.#sighting(upstream), at: this.#now });
    }
    this.#deliver(this.#release());
    this.#deliver({ type: "evaluated" });
    for (let round = 0; this.#running() !== undefined; round += 1) {
      if (round > 40) throw new Error("The rule goes on asking.");
      this.#now += 1_000;
      this.#end("succeeded", "at once");
    }
  }

  deliverEverythingAgain(): void {
    this.#now += 1_000;
    const before = this.#runs.length;
    for (const event of [...this.#sent, ...this.#sent.toReversed()]) this.#deliver(event);
    if (this.#runs.length > before) this.#problems.push("an old event has requested a run");
  }

  outstanding(): string[] {
    return [
      ...this.#problems,
      ...this.#state.pending.map((reason) => `pending: ${reason}`),
      ...this.#state.asks.map(({ id }) => `asked: ${id}`),
      ...this.#state.runs.map(({ name }) => `in flight: ${name}`),
    ];
  }

  /** The newest versions must be in the latest success, unless the item visibly stands failed. */
  lostUpdates(): string[] {
    const ends = this.#runs.filter(({ ended }) => ended?.status === "succeeded" || ended?.status === "failed");
    if (ends.at(-1)?.ended?.status === "failed") return this.#state.last?.status === "failed" ? [] : ["failure hidden"];
    const made = ends.findLast(({ ended }) => ended?.status === "succeeded")?.request;
    const upstreams = (["a", "b"] as const).filter(
      (name) => this.#truth[name] > 0 && made?.versions[name] !== version(this.#truth[name]),
    );
    return made?.codeVersion === version(this.#code) ? upstreams : [...upstreams, "code"];
  }

  /** One re-request per edge: told from the runs alone. */
  wrongReRequests(): string[] {
    let spent = false;
    let due = 0;
    let throttled = 0;
    for (const { ended } of this.#runs) {
      if (ended?.status === "succeeded") [spent, throttled] = [false, 0];
      if (ended?.status !== "failed") continue;
      if (ended.class === "Throttled" && (throttled += 1) <= 3) continue;
      throttled = 0;
      if (!spent && !PERMANENT.has(ended.class)) due += 1;
      if (ended.class !== "Misconfigured") spent = true;
    }
    const made = this.#runs.filter(
      ({ request }, index) => request.reason === "failed-once" && !isRepeated(this.#runs[index - 1]),
    );
    return made.length > due ? [`${made.length} re-requests for ${due} failure edges`] : [];
  }

  #running(): WorldRun | undefined {
    return this.#runs.find(({ ended }) => ended === undefined);
  }

  #sighting(upstream: Upstream): ItemEventOf<"observed"> {
    return { type: "observed", upstream, version: version(this.#truth[upstream]), at: this.#now + this.#skewMs() };
  }

  #release(): ItemEvent {
    return { type: "code-version", version: version(this.#code), at: this.#now };
  }

  #end(result: string, delivery: Delivery): void {
    const run = this.#running();
    if (run === undefined) return;
    const outcome: RunOutcome =
      result === "succeeded" || result === "interrupted" ? { status: result } : { status: "failed", class: result };
    run.ended = outcome;
    this.#post({ type: "run-ended", run: run.request.name, at: this.#now, outcome }, delivery);
  }

  /** What asks after runs whose end was lost. */
  #sweepEnds(): void {
    for (const { request, ended } of [...this.#runs]) {
      if (ended) this.#deliver({ type: "run-ended", run: request.name, at: this.#now, outcome: ended });
    }
  }

  #post(event: ItemEvent, delivery: Delivery): void {
    this.#sent.push(event);
    if (delivery === "late" || delivery === "twice") this.#underway.push(event);
    if (delivery === "at once" || delivery === "twice") this.#deliver(event);
  }

  #deliver(event: ItemEvent): void {
    if (event.type === "requested" && this.#overtake(event.ask)) return;
    const key = { asset: "asset", partition: "partition" };
    const target = { domain: "domain", lane: "lane", codeVersion: version(this.#code) };
    const { state, request } = decide(this.#state, event, { key, target, now: this.#now });
    this.#state = state;
    if (request !== undefined) this.#accept(request);
  }

  /** As the lane lets it: only what has no slot. */
  #overtake(wish: Ask): boolean {
    const theirs = overtake(this.#state, wish);
    const run = this.#runs.find(({ request }) => request.name === theirs?.run.name);
    if (theirs === undefined || run === undefined || run.granted || run.ended) return false;
    const throttled = this.#state.requeues > 0;
    run.request = overtaken(run.request, theirs.run, wish, { now: this.#now, throttled });
    this.#state = theirs.state;
    if (run.request.priority !== "manual") this.#problems.push(`${run.request.name} does not overtake`);
    return true;
  }

  /** Two runs at a time, or two automatic ones for the same versions without a reason to repeat, must not be. */
  #accept(request: RunRequest): void {
    if (this.#running() !== undefined) this.#problems.push(`${request.name} runs beside another`);
    const before = this.#runs.findLast((run) => run.request.reason === "upstream-changed");
    const again = before !== undefined && JSON.stringify(before.request.versions) === JSON.stringify(request.versions);
    if (request.reason === "upstream-changed" && again && !isRepeated(before)) {
      this.#problems.push(`${request.name} runs twice for one version`);
    }
    this.#runs.push({ request });
  }
}

/** An interruption, and up to three times an upstream that throttles, repeat a request under the same reason. */
const isRepeated = (run: WorldRun | undefined): boolean =>
  run?.ended?.status === "interrupted" || (run?.ended?.status === "failed" && run.ended.class === "Throttled");

const version = (number: number): string => `v${String(number).padStart(6, "0")}`;
