import { deployments, type OpenEdxDeployment } from "./deployments.ts";

/** Installations whose courses are asked after: they export them, too. */
export const exporting: readonly (OpenEdxDeployment & { readonly coursePrefix: string })[] = deployments.flatMap(
  (deployment) => {
    const { coursePrefix } = deployment;
    return coursePrefix === undefined ? [] : [{ ...deployment, coursePrefix }];
  },
);

/** Under which name items know the version that the LMS publishes. */
export const COURSEWARE = "courseware";

export const courseExportAsset = (deployment: string): string => `${deployment}/openedx/raw_data/course_export`;

export const courseStructureAsset = (deployment: string): string =>
  `${deployment}/openedx/processed_data/course_structure`;

export const exportLane = (deployment: string): string => `openedx-export-${deployment}`;

/** Raw tables of what the LMS tells of a course, by entity. */
export const courseStructureTable = (deployment: string, entity: "course_structure" | "course_blocks"): string =>
  `raw__${deployment}__openedx__api__${entity}`;
