/** One row per Open edX installation. Adding one here adds its triggers, its assets and its grants. */
export interface OpenEdxDeployment {
  readonly id: string;
  /** What older stores and people call it: taken wherever a deployment is named by hand, written nowhere. */
  readonly alias?: string;
  /** Where its tracking-log shards land, under the landing bucket. */
  readonly trackingPrefix: string;
  /** Where Studio's course exports land; undefined = it exports none to us. */
  readonly coursePrefix?: string;
  /** Whether MIT Learn is told about new course content: the residential installation never is. */
  readonly announcesContent: boolean;
  /** Whether MIT Learn is told to delete a course run that is gone for good. Absent = no. */
  readonly announcesDeletion?: boolean;
}

export const deployments: readonly OpenEdxDeployment[] = [
  {
    id: "mitx",
    alias: "residential",
    trackingPrefix: "sources/tracking-mitx/",
    coursePrefix: "sources/course-exports-mitx/",
    announcesContent: false,
  },
  {
    id: "mitxonline",
    trackingPrefix: "sources/tracking-mitxonline/",
    coursePrefix: "sources/course-exports-mitxonline/",
    announcesContent: true,
  },
  {
    id: "xpro",
    trackingPrefix: "sources/tracking-xpro/",
    coursePrefix: "sources/course-exports-xpro/",
    announcesContent: true,
  },
  { id: "edxorg", trackingPrefix: "sources/edxorg-gcs-archives/", announcesContent: false },
];

/** The id behind a name; what is no alias is given back as it is. */
export const deploymentId = (name: string): string => deployments.find(({ alias }) => alias === name)?.id ?? name;
