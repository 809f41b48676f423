/** Domains that serve all others; every environment has them. */

/** Decides which run comes next: schedules tick there, ends of runs are followed up there. */
export const COORDINATOR = "coordinator";

/** Tells people. Its own runs raise no alerts. */
export const OPERATIONS = "operations";
