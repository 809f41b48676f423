/** Where the files of a namespace's tables are in the lake bucket, when Glue is the catalogue. */
export const lakePrefix = (namespace: string): string => `warehouse/${namespace}/`;

/** Where Athena leaves results of queries, for some days. */
export const QUERY_RESULTS = { bucket: "artifacts", prefix: "athena-results/" } as const;
