import type { RunRequest } from "../../core/model/items/run-request.ts";
import { statusOf } from "../../core/model/items/status.ts";
import type { Item, World } from "./world.ts";

interface Kept {
  /** Versions of the latest request that the rule made by itself. */
  automatic: { readonly versions: string; readonly number: number } | undefined;
  /** The latest request whose run did not count: it is asked for again. */
  repeated: number;
  /** What the latest success was made from and with, as its request said. */
  made: { readonly version: string | undefined; readonly codeVersion: string | null } | undefined;
  last: "succeeded" | "failed" | "cancelled" | undefined;
}

/** Knows the truth, and asks what the coordinators made of it. Of each kind of wrong it keeps the first few in words. */
export class Verdict {
  readonly #items = new Map<Item, Kept>();
  readonly #asks = new Map<string, { number: number; item: Item }>();
  doubleRuns = 0;
  overSlots = 0;
  readonly first: string[] = [];

  /** A request that has been written. */
  requested(item: Item, request: RunRequest): void {
    const kept = this.#of(item);
    const [run] = item.state.runs;
    if (run?.ask != null) {
      const before = this.#asks.get(run.ask.id);
      if (before !== undefined && kept.repeated !== before.number) {
        this.#double(`${request.name} runs again for the ask ${run.ask.id}`);
      }
      this.#asks.set(run.ask.id, { number: request.number, item });
      return;
    }
    const versions = JSON.stringify(request.versions);
    const before = kept.automatic;
    if (request.reason === "upstream-changed" && before?.versions === versions && kept.repeated !== before.number) {
      this.#double(`${request.name} runs a second time for ${versions}`);
    }
    kept.automatic = { versions, number: request.number };
  }

  started(item: Item, request: RunRequest, held: { running: number; slots: number; all: number; cap: number }): void {
    if (item.running !== undefined) this.#double(`${request.name} runs beside ${item.running.number}`);
    if (held.running > held.slots || held.all > held.cap) {
      this.overSlots += 1;
      this.#note(`${request.name} is run ${held.running} of ${held.slots}, ${held.all} of ${held.cap}`);
    }
  }

  ended(item: Item, request: RunRequest, failure: string | null): void {
    const kept = this.#of(item);
    if (failure === "Throttled") kept.repeated = request.number;
    if (failure === null) {
      kept.made = { version: request.versions[item.asset.upstream], codeVersion: request.codeVersion };
      kept.last = "succeeded";
    } else kept.last = failure === "cancelled" ? "cancelled" : "failed";
  }

  /** Once nothing happens any more: items whose newest version is in no output, and that do not visibly stand otherwise. */
  lost({ items, clock }: World): { lost: number; stuck: number } {
    let [lost, stuck] = [0, 0];
    for (const item of items) {
      const { state, asset, truth, key } = item;
      const status = statusOf(state);
      const where = `${key.asset} ${key.partition}`;
      if (state.runs.length > 0 || item.running !== undefined) {
        stuck += 1;
        this.#note(`${where} is in flight for ever: ${state.runs[0]?.name ?? "?"} at ${clock.now}`);
        continue;
      }
      const kept = this.#items.get(item);
      if (kept?.last === "failed" && status === "failed") continue;
      if (kept?.last === "cancelled" && (status === "stale" || status === "failed" || status === "missing")) continue;
      // Nobody has ever asked for it.
      if (kept === undefined && status === "missing") continue;
      const version = kept?.made === undefined ? state.success?.versions?.[asset.upstream] : kept.made.version;
      const codeVersion = kept?.made === undefined ? state.success?.codeVersion : kept.made.codeVersion;
      if (version === truth && codeVersion === asset.codeVersion) continue;
      lost += 1;
      this.#note(
        `${where} is ${status}, made of ${version} by ${codeVersion}; there are ${truth}, ${asset.codeVersion}`,
      );
    }
    return { lost, stuck };
  }

  #of(item: Item): Kept {
    const known = this.#items.get(item);
    if (known !== undefined) return known;
    const made: Kept = { automatic: undefined, repeated: 0, made: undefined, last: undefined };
    this.#items.set(item, made);
    return made;
  }

  #double(text: string): void {
    this.doubleRuns += 1;
    this.#note(text);
  }

  #note(text: string): void {
    if (this.first.length < 10) this.first.push(text);
  }
}
