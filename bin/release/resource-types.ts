import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import * as z from "zod";
import { ROOT } from "../cli/paths.ts";

/**
 * What CloudFormation does to a resource when a property changes, for every type. The CDK's command line carries this
 * table for its own `diff`; a file of its own kind of data, so a version that keeps it elsewhere fails here and says so.
 */
const FILE = join(ROOT, "node_modules", "aws-cdk", "db.json.gz");

const Property = z.looseObject({
  type: z.looseObject({ reference: z.object({ $ref: z.string() }).optional() }).optional(),
  causesReplacement: z.enum(["yes", "no", "maybe"]).optional(),
});
const Properties = z.record(z.string(), Property);
const Table = z.object({
  schema: z.object({
    resource: z.object({
      entities: z.array(
        z.looseObject({
          cloudFormationType: z.string(),
          properties: Properties,
          primaryIdentifier: z.array(z.string()).optional(),
          isStateful: z.boolean().optional(),
        }),
      ),
    }),
    typeDefinition: z.object({ entities: z.array(z.looseObject({ $id: z.string(), properties: Properties })) }),
  }),
});

/** Stateful for us, though the table does not say so: they hold data, images, or runs under way. */
const ALSO_STATEFUL = new Set([
  "AWS::S3Tables::TableBucket",
  "AWS::S3Tables::Namespace",
  "AWS::S3Tables::Table",
  "AWS::Glue::Database",
  "AWS::Glue::Table",
  "AWS::ECR::Repository",
  "AWS::StepFunctions::StateMachine",
  "AWS::Events::Archive",
]);
/** Stateful to the table; here logs are copies for people, which end with their stack (lib/constructs/log-group.ts). */
const NOT_STATEFUL = new Set(["AWS::Logs::LogGroup"]);

export interface ResourceTypes {
  isStateful(type: string): boolean;
  /** Properties that hold the physical name. */
  identifiers(type: string): readonly string[];
  /** Paths of the changed properties that make CloudFormation replace the resource, for example `BucketName`. */
  replacedBy(type: string, before: Values, after: Values): readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

export function loadResourceTypes(): ResourceTypes {
  const { schema } = Table.parse(JSON.parse(gunzipSync(readFileSync(FILE)).toString("utf8")));
  const types = new Map(schema.resource.entities.map((entity) => [entity.cloudFormationType, entity]));
  const definitions = new Map(schema.typeDefinition.entities.map(({ $id, properties }) => [$id, properties]));

  const search = (properties: z.infer<typeof Properties>, before: Values, after: Values, path: string): string[] =>
    Object.entries(properties).flatMap(([name, { causesReplacement = "no", type }]) => {
      const [old, now] = [before[name], after[name]];
      if (isDeepStrictEqual(old, now)) return [];
      if (causesReplacement !== "no") return [`${path}${name}`];
      const nested = definitions.get(type?.reference?.$ref ?? "");
      if (nested === undefined || !isRecord(old) || !isRecord(now)) return [];
      return search(nested, old, now, `${path}${name}.`);
    });

  return {
    isStateful: (type) => !NOT_STATEFUL.has(type) && (ALSO_STATEFUL.has(type) || types.get(type)?.isStateful === true),
    identifiers: (type) => types.get(type)?.primaryIdentifier ?? [],
    replacedBy: (type, before, after) => search(types.get(type)?.properties ?? {}, before, after, ""),
  };
}

const isRecord = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);
