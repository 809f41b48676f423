import type { Pipeline } from "../core/model/pipeline.ts";
import { refuseSharedSchedules } from "../core/model/schedules/problems.ts";
import { lakehouse } from "./lakehouse/pipeline.ts";
import { openedx } from "./openedx/pipeline.ts";

/** The table of contents of the product: every domain, and the machine that runs it. */
export const domains: readonly { readonly pipeline: Pipeline; readonly definition: string }[] = [
  { pipeline: openedx, definition: "state-machines/openedx/openedx.asl.json" },
  { pipeline: lakehouse, definition: "state-machines/lakehouse/lakehouse.asl.json" },
];

refuseSharedSchedules(domains.map(({ pipeline }) => pipeline));
