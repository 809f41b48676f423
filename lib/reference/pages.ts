import type { OriginDeclarations } from "../../core/model/origins.ts";
import type { Pipeline } from "../../core/model/pipeline.ts";
import { alarmsPage } from "./alarms.ts";
import { assetsPage } from "./assets.ts";
import { grantsPage } from "./grants.ts";
import { pipelinesPage } from "./pipelines.ts";
import { startingByHandPage } from "./starting-by-hand.ts";
import { tasksPage } from "./tasks.ts";

/** Generated pages by file name below `docs/reference`. `origins`: as production declares them. */
export const referencePages = (
  pipelines: readonly Pipeline[],
  origins: OriginDeclarations,
): Readonly<Record<string, string>> => ({
  "pipelines.md": pipelinesPage(pipelines),
  "tasks.md": tasksPage(pipelines),
  "assets.md": assetsPage(pipelines),
  "grants.md": grantsPage(pipelines, origins),
  "alarms.md": alarmsPage(pipelines),
  "starting-by-hand.md": startingByHandPage(pipelines),
});
