/** Placeholders in the machines' texts that the platform fills in, besides the tasks and the environment's settings. */
export const PLATFORM_SUBSTITUTIONS = ["Cluster", "Subnet1", "Subnet2", "SecurityGroup", "AssignPublicIp"] as const;

/** Placeholders that every environment gives a value, for example how long a burst is gathered. */
export const ENVIRONMENT_SUBSTITUTIONS = ["GatherSeconds", "RowHash"] as const;

/** The names inside `${…}` of a machine's text. */
export const placeholdersOf = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/\$\{([^}]*)\}/g)].map(([, name]) => name ?? ""));
