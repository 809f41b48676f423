import { courseExportAsset } from "../../openedx/sources/course-assets.ts";

/** One row per Open edX installation whose research drop is made every night. */
export interface DropDeployment {
  readonly id: string;
  /** Before the day in every key: the consumer's loader looks for its files there. Empty, or `<deployment>/`. */
  readonly prefix: string;
  /** Where its forum lives: in a MongoDB of its own, or in the edxapp database (openedx/forum with the MySQL backend). */
  readonly forum: "mongo" | "mysql-v2";
  /** Files that are made of warehouse tables (`irx__*`) instead of the replica, by name. */
  readonly iceberg: readonly string[];
  /** Asset whose partitions are the exports that Studio is asked for. */
  readonly exports: string;
  /** Asset of what landed of them; the archives of a course lie under `<archived>/<course>/` in the landing bucket. */
  readonly archived: string;
}

const deployment = (id: string, forum: DropDeployment["forum"]): DropDeployment => ({
  ...{
    id,
    prefix: "",
    forum,
    iceberg: [],
    exports: courseExportAsset(id),
    archived: `${id}/openedx/raw_data/course_xml`,
  },
});

export const dropDeployments: readonly DropDeployment[] = [
  deployment("mitx", "mongo"),
  deployment("mitxonline", "mysql-v2"),
  deployment("xpro", "mysql-v2"),
];

/** What a drop dumps beside its tables. */
export const FORUM = "forum";

/** Folder of a deployment in the bucket of drops. */
export const dropFolder = (id: string): string => `irx-drop-${id}/`;

export const dropAsset = (id: string): string => `${id}/legacy_openedx/research_drop`;
