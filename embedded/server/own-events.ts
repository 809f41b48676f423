import type { DatabaseSync } from "node:sqlite";
import { openBus } from "../../core/io/embedded/bus.ts";
import { addToOutbox, makeEvent } from "../../core/io/embedded/outbox.ts";
import type { Rule } from "../assembly/triggers.ts";
import type { PutEvent } from "../control/engine-port.ts";
import type { HomeStore } from "../home-store.ts";

/** Events of executions reach rules only if there are such rules: otherwise every step would cost a write more. */
export function publisher(
  stateDir: string,
  customBus: string,
  rules: readonly Rule[],
  store: HomeStore,
  undo: (() => void)[],
) {
  const wanted = rules.some(
    ({ pattern, targets }) =>
      JSON.stringify(pattern["source"] ?? "").includes("aws.states") &&
      targets.some(({ arn }) => arn.includes(":stateMachine:")),
  );
  let bus: DatabaseSync | undefined;
  undo.push(() => bus?.close());
  return (events: readonly PutEvent[]): void => {
    for (const { bus: name, source, type, detail, id } of events) {
      if (source === "aws.states" && !wanted) continue;
      if (name !== customBus) store.publish({ source, type, detail, ...(id === undefined ? {} : { id }) });
      else addToOutbox((bus ??= openBus(stateDir)), makeEvent(type, source, detail, id === undefined ? {} : { id }));
    }
  };
}
