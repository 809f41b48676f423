import * as z from "zod";
import { RestError } from "./rest-error.ts";
import { Id, type TableMetadata } from "./table-metadata.ts";

const Int = z.number().int();

/** What a client believed of the table when it prepared its commit. */
export const Requirement = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("assert-create") }),
  z.strictObject({ type: z.literal("assert-table-uuid"), uuid: z.string() }),
  z.strictObject({ type: z.literal("assert-ref-snapshot-id"), ref: z.string(), "snapshot-id": Id.nullish() }),
  z.strictObject({ type: z.literal("assert-last-assigned-field-id"), "last-assigned-field-id": Int }),
  z.strictObject({ type: z.literal("assert-current-schema-id"), "current-schema-id": Int }),
  z.strictObject({ type: z.literal("assert-last-assigned-partition-id"), "last-assigned-partition-id": Int }),
  z.strictObject({ type: z.literal("assert-default-spec-id"), "default-spec-id": Int }),
  z.strictObject({ type: z.literal("assert-default-sort-order-id"), "default-sort-order-id": Int }),
]);
export type Requirement = z.infer<typeof Requirement>;

/** Throws 409 CommitFailedException at the first requirement that does not hold. `base` is absent for a new table. */
export function checkRequirements(base: TableMetadata | undefined, requirements: readonly Requirement[]): void {
  for (const requirement of requirements) {
    const problem = base === undefined ? problemOfNew(requirement) : problemOf(base, requirement);
    if (problem !== undefined) {
      throw new RestError("CommitFailedException", `Requirement failed: ${problem}. Load the table again and retry.`);
    }
  }
}

function problemOfNew(requirement: Requirement): string | undefined {
  const holds =
    requirement.type === "assert-create" ||
    (requirement.type === "assert-ref-snapshot-id" && (requirement["snapshot-id"] ?? undefined) === undefined);
  return holds ? undefined : `${requirement.type} on a table that does not exist`;
}

function problemOf(base: TableMetadata, requirement: Requirement): string | undefined {
  switch (requirement.type) {
    case "assert-create":
      return "the table already exists";
    case "assert-table-uuid":
      return differs("table uuid", requirement.uuid, base["table-uuid"]);
    case "assert-ref-snapshot-id": {
      const { ref } = requirement;
      return differs(`snapshot of ${ref}`, requirement["snapshot-id"] ?? undefined, base.refs[ref]?.["snapshot-id"]);
    }
    case "assert-last-assigned-field-id":
      return differs("last assigned field id", requirement["last-assigned-field-id"], base["last-column-id"]);
    case "assert-current-schema-id":
      return differs("current schema id", requirement["current-schema-id"], base["current-schema-id"]);
    case "assert-last-assigned-partition-id":
      return differs(
        "last assigned partition id",
        requirement["last-assigned-partition-id"],
        base["last-partition-id"],
      );
    case "assert-default-spec-id":
      return differs("default spec id", requirement["default-spec-id"], base["default-spec-id"]);
    case "assert-default-sort-order-id":
      return differs("default sort order id", requirement["default-sort-order-id"], base["default-sort-order-id"]);
  }
}

function differs(what: string, expected: unknown, actual: unknown): string | undefined {
  return expected === actual
    ? undefined
    : `${what} is ${String(actual ?? "none")}, expected ${String(expected ?? "none")}`;
}
