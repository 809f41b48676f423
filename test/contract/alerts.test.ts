import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAlerts, type Turn } from "../../core/io/alerts.ts";
import type { Ledger } from "../../core/io/ports.ts";
import type { AlertEvent } from "../../core/model/alerts/alert-event.ts";
import { awsLedgerHome } from "./aws-homes.ts";
import { embeddedLedgerHome } from "./embedded-homes.ts";
import type { Opened } from "./opened.ts";

const start = Date.parse("2026-01-15T08:00:00Z");
const failed = (second: number, errorName = "reset"): AlertEvent => ({
  id: `${errorName}-${second}`,
  at: new Date(start + second * 1_000).toISOString(),
  environment: "qa",
  pipeline: "openedx",
  kind: "run-failed",
  run: { id: `run-${errorName}-${second}`, attempt: 1, links: {} },
  item: { asset: "a", partition: `p${second}` },
  steps: [],
  class: "Transient",
  errorName,
  next: { do: "nothing", hint: "" },
});

describe.each([embeddedLedgerHome, awsLedgerHome])("alerts on the ledger, $name", ({ open }) => {
  let opened: Opened<Ledger>;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  it("number the events of a burst without a gap, give one sender the claim and list them newest first", async () => {
    const alerts = openAlerts(opened.port, () => start);
    const events = Array.from({ length: 12 }, (_, second) => failed(second));
    const twice = [...events, ...events].map((event) => alerts.record(event));
    const recorded = await Promise.all(twice);
    const places = recorded.flatMap((record) => record?.place ?? []);
    expect([...new Set(places.map(({ number }) => number))].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
    const turns: Turn[] = await Promise.all(places.slice(0, 6).map((place, index) => alerts.claim(place, `h${index}`)));
    const claims = turns.flatMap((turn) => (turn.do === "send" ? [turn.sending] : []));
    expect(claims).toMatchObject([{ suppressed: 11, after: 0 }]);
    expect(turns.filter((turn) => turn.do === "wait")).toHaveLength(5);
    const [sending] = claims;
    const [first] = events;
    if (sending === undefined || first === undefined) throw new Error("Nobody has the claim.");
    await alerts.accepted(first, sending, { channel: "c", ts: "1" });
    for (const place of places.slice(0, 6)) expect(await alerts.look(place, "later")).toEqual({ do: "nothing" });

    const page = await alerts.page({ limit: 5 });
    const rest = await alerts.page({ limit: 100, ...(page.next === undefined ? {} : { after: page.next }) });
    const listed = [...page.records, ...rest.records].map(({ event, status }) => `${event.id} ${status}`);
    expect(listed).toEqual(events.toReversed().map(({ id }) => `${id} ${id === first.id ? "sent" : "waiting"}`));
  });

  it("let a burst of different failures through the one record of a storm", async () => {
    const alerts = openAlerts(opened.port, () => start + 3_600_000);
    const events = Array.from({ length: 24 }, (_, index) => failed(3_600 + index, `cause-${index}`));
    const recorded = await Promise.all(events.map((event) => alerts.record(event)));
    expect(recorded.filter((record) => record?.grouped === true)).toHaveLength(4);
    expect(await alerts.storm("qa")).toEqual([["openedx", 24]]);
  });
});
