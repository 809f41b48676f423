import { expect, it } from "vitest";
import type { Pipeline, TaskDeclaration } from "./pipeline.ts";
import { resolveStarts } from "./starts.ts";

const domain = (name: string, starts?: TaskDeclaration["starts"], machine?: Pipeline["machine"]) => ({
  pipeline: {
    domain: name,
    description: "d",
    ...(machine === undefined ? {} : { machine }),
    jobs: {},
    tasks: {
      Act: {
        description: "d",
        handler: "h",
        compute: { kind: "lambda" as const, memoryMb: 128, timeoutSeconds: 3 },
        ...(starts === undefined ? {} : { starts }),
      },
    },
    triggers: [],
    assets: [],
    lanes: [],
  },
});
const startsOf = (domains: readonly { readonly pipeline: Pipeline }[]) =>
  resolveStarts(domains).map(({ pipeline }) => pipeline.tasks["Act"]?.starts);

it("makes a list of every domain with a standard machine", () => {
  const domains = [domain("coordinator", "every", "express"), domain("openedx"), domain("edxorg", ["openedx"])];
  expect(startsOf(domains)).toEqual([["openedx", "edxorg"], undefined, ["openedx"]]);
});

it("refuses what could not be started or asked after", () => {
  expect(() => startsOf([domain("openedx", ["edxorg"])])).toThrow('"openedx.Act" starts "edxorg"');
  expect(() => startsOf([domain("openedx", ["c"]), domain("c", undefined, "express")])).toThrow('starts "c"');
});
