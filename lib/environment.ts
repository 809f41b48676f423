import type { BucketRole, EnvironmentName } from "../core/model/pipeline.ts";
import type { ENVIRONMENT_SUBSTITUTIONS } from "./placeholders.ts";

/** What may differ between environments. The values are literals in `bin/app.ts`, and nowhere else. */
export interface EnvironmentProps {
  readonly name: EnvironmentName;
  /** Makes bucket names unique in the world; lower case, part of every physical bucket name. */
  readonly organisation: string;
  /** Data outlives the stack: buckets, tables and secrets are retained, deletion is protected. */
  readonly retainData: boolean;
  readonly logRetentionDays: LogRetentionDays;
  /** How long the bus keeps events for a replay. */
  readonly eventArchiveDays: number;
  /** Off = every declared schedule is deployed disabled. */
  readonly schedules: boolean;
  /** Values of placeholders in the machines' texts that are neither tasks nor platform. */
  readonly machineSettings: Readonly<Record<(typeof ENVIRONMENT_SUBSTITUTIONS)[number], string>>;
  /** Receives alarms; absent = nobody is subscribed. */
  readonly alarmEmail?: string;
}

/** CloudWatch accepts only certain numbers of days; these are the ones in use. */
export type LogRetentionDays = 7 | 30 | 90 | 365;

/**
 * Physical names are literal and predictable: a template names no other environment, a person finds a thing by its
 * name, and the embedded engine reads the same names without asking anybody.
 */
export function namesOf({ name, organisation }: Pick<EnvironmentProps, "name" | "organisation">) {
  const prefix = `millrace-${name}`;
  return {
    prefix,
    bucket: (role: BucketRole | "access-logs"): string => `${prefix}-${organisation}-${role}`,
    tableBucket: `${prefix}-${organisation}-tables`,
    ledgerTable: `${prefix}-ledger`,
    bus: `${prefix}-bus`,
    alarmTopic: `${prefix}-alarms`,
    cluster: `${prefix}-tasks`,
    secretPrefix: `millrace/${name}`,
    /** Names of the platform stack's exports that pipeline stacks import. */
    subnetsExport: `${prefix}-subnets`,
    securityGroupExport: `${prefix}-task-security-group`,
    stack: (part: string): string => `${prefix}-${kebab(part)}`,
    machine: (domain: string): string => `${prefix}-${kebab(domain)}`,
    task: (domain: string, task: string): string => `${prefix}-${kebab(domain)}-${task}`,
  } as const;
}

export type Names = ReturnType<typeof namesOf>;

/** Ids are data and snake_case; AWS names are kebab-case. */
export const kebab = (id: string): string => id.replaceAll("_", "-");

export const pascal = (id: string): string =>
  id
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
