import { refuseBrokenLineage } from "../core/model/assets.ts";
import { resolvePings } from "../core/model/pings.ts";
import type { Pipeline } from "../core/model/pipeline.ts";
import { resolveStarts } from "../core/model/starts.ts";
import { refuseSharedSchedules } from "../core/model/schedules/problems.ts";
import { coordinator } from "./coordinator/pipeline.ts";
import { edxorg } from "./edxorg/pipeline.ts";
import { edxorgTables } from "./edxorg_tables/pipeline.ts";
import { edxorgCourses } from "./edxorg_courses/pipeline.ts";
import { legacyOpenedx } from "./legacy_openedx/pipeline.ts";
import { lakehouse } from "./lakehouse/pipeline.ts";
import { mirrorsPipeline } from "./mirrors/pipeline.ts";
import { openedx } from "./openedx/pipeline.ts";
import { openedxCourses } from "./openedx_courses/pipeline.ts";
import { openedxDiscovery } from "./openedx_discovery/pipeline.ts";
import { operations } from "./operations/pipeline.ts";

/** The table of contents of the product: every domain, and the machine that runs it. */
export const domains: readonly { readonly pipeline: Pipeline; readonly definition: string }[] = resolvePings(
  resolveStarts([
    { pipeline: openedx, definition: "state-machines/openedx/openedx.asl.json" },
    { pipeline: openedxCourses, definition: "state-machines/openedx_courses/openedx_courses.asl.json" },
    { pipeline: openedxDiscovery, definition: "state-machines/openedx_discovery/openedx_discovery.asl.json" },
    { pipeline: mirrorsPipeline, definition: "state-machines/mirrors/mirrors.asl.json" },
    { pipeline: edxorg, definition: "state-machines/edxorg/edxorg.asl.json" },
    { pipeline: edxorgTables, definition: "state-machines/edxorg_tables/edxorg_tables.asl.json" },
    { pipeline: edxorgCourses, definition: "state-machines/edxorg_courses/edxorg_courses.asl.json" },
    { pipeline: legacyOpenedx, definition: "state-machines/legacy_openedx/legacy_openedx.asl.json" },
    { pipeline: lakehouse, definition: "state-machines/lakehouse/lakehouse.asl.json" },
    { pipeline: coordinator, definition: "state-machines/coordinator/coordinator.asl.json" },
    { pipeline: operations, definition: "state-machines/operations/operations.asl.json" },
  ]),
);

refuseSharedSchedules(domains.map(({ pipeline }) => pipeline));
refuseBrokenLineage(domains.map(({ pipeline }) => pipeline));
