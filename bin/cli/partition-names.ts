import { partitionParts } from "../../core/model/items/partition-key.ts";
import { DYNAMIC, keyProblem, type Partitioning } from "../../core/model/partitioning.ts";
import { domains } from "../../state-machines/index.ts";
import { badInput } from "./output.ts";

/** Between the parts of a tuple, as people read it; the ledger has no blanks there. A `|` inside a part is `%7C`, a `%` is `%25`. */
const SEPARATOR = " | ";

export const partitioningOf = (asset: string): Partitioning =>
  domains.flatMap(({ pipeline }) => pipeline.assets).find(({ id }) => id === asset)?.partitioning ?? DYNAMIC;

/** The key as it is printed: tuples as `course | source`. */
export const partitionLabel = (key: string, partitioning: Partitioning): string =>
  partitioning.kind === "tuple" ? key.replaceAll("|", SEPARATOR) : key;

/** The parts of a tuple's key; undefined for every other key, and for one that the asset could not have today. */
export const partsOf = (key: string, partitioning: Partitioning): readonly string[] | undefined =>
  partitioning.kind === "tuple" && keyProblem(partitioning, key) === undefined
    ? partitionParts(key, partitioning.dimensions.length)
    : undefined;

/** What begins a key: as it is printed, or as it is kept. */
export const readPrefix = (given: string, partitioning: Partitioning): string =>
  partitioning.kind === "tuple" ? given.replaceAll(SEPARATOR, "|").replace(/ \|$/, "|") : given;

/** A key that was given as it is printed, or as it is kept. Throws Rejected `partition_invalid`. */
export function readPartition(given: string, partitioning: Partitioning): string {
  const key = partitioning.kind === "tuple" ? given.replaceAll(SEPARATOR, "|") : given;
  const problem = keyProblem(partitioning, key);
  if (problem === undefined) return key;
  const form =
    partitioning.kind === "tuple"
      ? `Write it in quotes as "${partitioning.dimensions.join(SEPARATOR)}"; | inside a part is %7C, % is %25.`
      : "List what there is with `npx millrace partitions <asset>`.";
  throw badInput(`"${given.slice(0, 80)}" is no partition: ${problem}.`, form, "partition_invalid");
}
