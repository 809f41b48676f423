import { partitionParts } from "../../core/model/items/partition-key.ts";
import { COURSE_XML, courseSources, LEARN_SOURCE } from "../edxorg/sources/course-sources.ts";
import { deployments } from "../openedx/sources/deployments.ts";

/** Whose course content MIT Learn may be told of. */
export interface ContentSource {
  /** As runs name it. */
  readonly id: string;
  /** As MIT Learn names it. */
  readonly learnSource: string;
  readonly announced: boolean;
  /** For MIT Learn the path of an archive is its key behind this. */
  readonly pathPrefix: "" | "/";
  /** Where its exports land under the names of their courses; absent = no run is about a landed file. */
  readonly coursePrefix?: string;
  /** Whether a run about this item is about its content. */
  readonly holds: (item: ContentItem) => boolean;
}

export interface ContentItem {
  readonly asset: string;
  readonly partition: string;
}

export const contentSources: readonly ContentSource[] = [
  ...deployments.map(({ id, announcesContent, coursePrefix }): ContentSource => ({
    ...{ id, learnSource: id, announced: announcesContent, pathPrefix: "", holds: () => false },
    ...(coursePrefix === undefined ? {} : { coursePrefix }),
  })),
  ...courseSources.map(({ home, source, announcesContent }): ContentSource => ({
    ...{ id: home, learnSource: LEARN_SOURCE, announced: announcesContent, pathPrefix: "/" },
    holds: ({ asset, partition }) => asset === COURSE_XML && partitionParts(partition, 2)[1] === source,
  })),
];
