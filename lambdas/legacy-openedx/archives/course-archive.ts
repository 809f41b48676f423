import type { Items } from "../../../core/io/items.ts";
import type { Objects } from "../../../core/io/ports.ts";
import type { ItemState } from "../../../core/model/items/item-state.ts";
import { COURSEWARE } from "../../openedx/sources/course-assets.ts";
import type { DropDeployment } from "../sources/deployments.ts";
import { findArchive, type FoundArchive } from "./find-archive.ts";

/** Courses that are worked on at a time: the store takes its time over each. */
export const COURSES_AT_ONCE = 16;

export interface ArchiveHome {
  readonly items: Pick<Items, "read">;
  readonly objects: Objects;
  readonly landing: string;
  readonly deployment: Pick<DropDeployment, "exports" | "archived">;
}

export interface CourseArchive {
  readonly archive: FoundArchive | undefined;
  /** The LMS publishes another version than the one that was exported, or than the one in the archive. */
  readonly behind: boolean;
  /** An export or its unpacking waits or runs. */
  readonly busy: boolean;
  /** Epoch milliseconds of the latest end of an export, and of what landed; 0 = never. */
  readonly exportedAt: number;
  readonly unpackedAt: number;
  /** Why there is no newer one. */
  readonly failure: string | undefined;
}

/** What is known of the archive of a course run, by the items of its export and of what landed of it. */
export async function courseArchive(
  { items, objects, landing, deployment }: ArchiveHome,
  course: string,
): Promise<CourseArchive> {
  const [exporting, landed] = await Promise.all(
    [deployment.exports, deployment.archived].map((asset) => items.read({ asset, partition: course })),
  );
  const archive = await findArchive(objects, landing, `${deployment.archived}/${course}/`, landed?.dataVersion ?? null);
  const published = exporting?.observed[COURSEWARE]?.version;
  const exported = exporting?.success?.versions?.[COURSEWARE];
  return {
    archive,
    behind: published !== undefined && published !== exported && published !== archive?.publishedVersion,
    busy: [exporting, landed].some((item) => item !== undefined && item.runs.length > 0),
    exportedAt: exporting?.last?.at ?? 0,
    unpackedAt: landed?.last?.at ?? 0,
    failure: failureOf(exporting) ?? failureOf(landed),
  };
}

const failureOf = (item: ItemState | undefined): string | undefined =>
  item?.last?.status === "failed" ? (item.last.message ?? item.last.code ?? "it failed") : undefined;
