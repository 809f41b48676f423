import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bus } from "../../core/io/ports.ts";
import type { DomainEvent } from "../../core/model/events.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

export interface OpenedBus extends Opened<Bus> {
  /** Ids (`detail.eventId`) of what consumers would see; undefined where nothing listens. */
  received?(): Promise<string[]>;
}

export const event = (id: string, pad = ""): DomainEvent => ({
  id,
  type: "AssetMaterialized",
  detail: {
    version: 1,
    asset: "mitx/openedx/raw_data/tracking_logs",
    partition: `2024-05-01${pad}`,
    dataVersion: "d",
    codeVersion: "c",
    tables: ["raw.t"],
    runId: "r",
    materializedAt: "2024-05-02T00:00:00Z",
  },
});

export function busContract(home: Home<OpenedBus>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("bus", home), () => {
    let opened: OpenedBus;
    beforeAll(async () => {
      opened = await home.open();
    });
    afterAll(() => opened?.close());

    it("takes none, one, and more than a request holds", async () => {
      await opened.port.publish([]);
      await opened.port.publish([event("one")]);
      const many = Array.from({ length: 23 }, (_, index) => event(`many-${index}`, "x".repeat(30_000)));
      await opened.port.publish(many);
      if (opened.received === undefined) return;
      expect(await opened.received()).toEqual(["one", ...many.map(({ id }) => id)]);
    });
  });
}
