import type { ItemEvent, RunOutcome } from "./item-event.ts";
import { newItem, type Ask, type ItemState } from "./item-state.ts";
import type { AskReason, AutomaticReason } from "./reasons.ts";
import { statusOf, type ItemStatus } from "./status.ts";
import { decide, type Decision, type RuleContext, type RunTarget, type UpstreamFact } from "./trigger-rule.ts";

const KEY = { asset: "a/b", partition: "2026-01-15" };
const TARGET = { domain: "openedx", lane: "exports", input: { job: "copy" } };

/** An item that the tests talk to in sentences; its clock goes on by a second with each event. */
export class Item {
  state: ItemState;
  now = 1_000_000;
  upstreams: UpstreamFact[] = [];
  /** Nothing is requested meanwhile. */
  held = false;
  codeVersion: string | undefined;
  readonly automatic: readonly AutomaticReason[] | undefined;

  private constructor(state: ItemState, automatic?: readonly AutomaticReason[]) {
    this.state = state;
    this.automatic = automatic;
  }

  static added(automatic?: readonly AutomaticReason[]): Item {
    return new Item(newItem(1_000_000), automatic);
  }

  /** It succeeded with version v1 of its one upstream. */
  static materialised(automatic?: readonly AutomaticReason[]): Item {
    const item = Item.added(automatic);
    item.does({
      type: "recorded",
      result: { status: "succeeded", run: null, at: 1_000_000 },
      versions: { upstream: "v1" },
      dataVersion: "d1",
    });
    return item;
  }

  get status(): ItemStatus {
    return statusOf(this.state);
  }

  get target(): RunTarget {
    return { ...TARGET, ...(this.codeVersion === undefined ? {} : { codeVersion: this.codeVersion }) };
  }

  does(event: ItemEvent): Decision {
    this.now += 1_000;
    const context: RuleContext = {
      key: KEY,
      now: this.now,
      ...(this.held ? {} : { target: this.target }),
      upstreams: this.upstreams,
      ...(this.automatic === undefined ? {} : { automatic: this.automatic }),
    };
    const decision = decide(this.state, event, context);
    this.state = decision.state;
    return decision;
  }

  observes(version: string, upstream = "upstream"): Decision {
    return this.does({ type: "observed", upstream, version, at: this.now });
  }

  deploys(version: string): Decision {
    return this.does({ type: "code-version", version, at: this.now });
  }

  evaluates(): Decision {
    return this.does({ type: "evaluated" });
  }

  asks(reason: AskReason, id: string, more: Partial<Ask> = {}): Decision {
    return this.does({ type: "requested", ask: { id, reason, ...more } });
  }

  withdraws(id: string): Decision {
    return this.does({ type: "withdrawn", id });
  }

  loses(at: number): Decision {
    return this.does({ type: "lost", at });
  }

  records(result: { status: "failed"; class: string }): Decision {
    return this.does({ type: "recorded", result: { ...result, run: null, at: 900_000 } });
  }

  /** Ends the run in flight, which was never seen to start: its own event may come late or not at all. */
  ends(outcome: RunOutcome): Decision {
    const run = this.state.runs[0]?.name ?? "none in flight";
    return this.does({ type: "run-ended", run, at: this.now, outcome });
  }

  succeeds(dataVersion?: string | null): Decision {
    return this.ends({ status: "succeeded", ...(dataVersion === undefined ? {} : { dataVersion }) });
  }

  fails(failureClass: string, retryAfterMs?: number): Decision {
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    return this.ends({ status: "failed", class: failureClass, ...wait });
  }
}
