import * as z from "zod";
import { addressProblem } from "./service-address.ts";

const Address = z.string().refine((text) => addressProblem(text) === undefined, {
  error: ({ input }) => addressProblem(String(input)) ?? "",
});

const Limits = {
  /** Objects below this prefix count; absent = what the copy itself names. */
  prefix: z.string().exactOptional(),
  /** `YYYY-MM-DD`: what holds an earlier date in its name is left to a backfill; absent = everything counts. */
  since: z.iso.date().exactOptional(),
  /** Where copies begin below the place that is theirs; absent = what the copy itself names. */
  under: z.string().exactOptional(),
};

/**
 * What is behind the name of an origin in one environment: a bucket at Google, a bucket of S3, files of a web server.
 * Pipelines name origins, and nothing of what is said here.
 */
export const OriginDeclaration = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("gcs"),
    bucket: z.string().min(3),
    /** Secret role with the key of a service account, field by field as Google's file has it. */
    secret: z.string(),
    /** Absent = Google's own. Tokens are sent here and to Google, and nowhere else. */
    endpoint: Address.exactOptional(),
    ...Limits,
  }),
  z.object({
    kind: z.literal("s3"),
    bucket: z.string().min(3),
    region: z.string().exactOptional(),
    /** Read as this role of the bucket's owner. Absent = the bucket's policy lets our tasks in, and S3 copies by itself. */
    roleArn: z.string().startsWith("arn:").exactOptional(),
    ...Limits,
  }),
  z.object({
    kind: z.literal("http"),
    /** Of the folder, with or without a final slash. */
    address: Address,
    /** Web servers list nothing: these are looked at. */
    files: z.array(z.string().min(1)).readonly(),
    ...Limits,
  }),
]);
export type OriginDeclaration = z.infer<typeof OriginDeclaration>;

export const OriginDeclarations = z.record(z.string(), OriginDeclaration);
export type OriginDeclarations = z.infer<typeof OriginDeclarations>;

/** Secret roles that whoever reads these origins needs. */
export const originSecrets = (ids: readonly string[], origins: OriginDeclarations): string[] => [
  ...new Set(
    ids.flatMap((id) => {
      const origin = origins[id];
      return origin?.kind === "gcs" ? [origin.secret] : [];
    }),
  ),
];
