/** What edx.org's discovery API lists, and which rows each list gives. */
export const CATALOGUES = {
  programs: ["program_metadata", "program_course_metadata"],
  courses: ["course_metadata", "course_run_metadata"],
} as const;
export type Catalogue = keyof typeof CATALOGUES;
export type CatalogueEntity = (typeof CATALOGUES)[Catalogue][number];

export const CATALOGUE_NAMES = ["programs", "courses"] as const satisfies readonly Catalogue[];

export const catalogueAsset = (catalogue: Catalogue): string => `edxorg/api_data/${catalogue}`;
/** It is one list. */
export const CATALOGUE_PARTITION = "all";

/** Raw table without its namespace. */
export const catalogueTable = (entity: CatalogueEntity): string => `raw__edxorg__discovery__api__${entity}`;

export const catalogueKey = (entity: CatalogueEntity, sha256: string): string =>
  `edxorg/api_data/${entity}/${sha256}.json`;
