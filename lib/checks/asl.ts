import validate from "asl-validator";
import * as z from "zod";
import { placeholdersOf } from "../placeholders.ts";
import { Machine, type Problem } from "./asl-machine.ts";
import { header, jsonataOnly, recordedFailures, retries, taskLimits } from "./asl-rules.ts";
import { unknownStatesMembers } from "./asl-states-object.ts";
import { undefinedVariables } from "./asl-variables.ts";

export interface CheckOptions {
  /** Names that `${…}` may use. Without it placeholders are not checked. */
  readonly substitutions?: readonly string[];
  /**
   * The machine calls no task of ours. Then nothing fails by our closed set of names and there is no run whose failure
   * could be recorded, so the rules about both do not apply.
   */
  readonly withoutTasks?: boolean;
  /** An Express machine has no run that a failure could be recorded of: its alarm and its log tell. */
  readonly express?: boolean;
}

/**
 * What is wrong with a machine's text, Amazon States Language in JSONata mode; empty = nothing. First the schema of
 * asl-validator, then what it lets pass.
 */
export function checkDefinition(
  text: string,
  { substitutions, withoutTasks = false, express = false }: CheckOptions = {},
): readonly Problem[] {
  const json = parse(text);
  if ("problem" in json) return [json.problem];
  const schema = schemaProblems(json.value);
  const machine = Machine.safeParse(json.value);
  if (!machine.success) {
    return schema.length > 0 ? schema : [{ rule: "schema", message: z.prettifyError(machine.error) }];
  }
  const ofTasks = withoutTasks ? [] : express ? [retries] : [retries, recordedFailures];
  const rules = [header, jsonataOnly, taskLimits, ...ofTasks, unknownStatesMembers, undefinedVariables];
  return [
    ...schema,
    ...rules.flatMap((rule) => rule(machine.data)),
    ...(substitutions === undefined ? [] : unknownPlaceholders(text, substitutions)),
  ];
}

function parse(text: string): { readonly value: unknown } | { readonly problem: Problem } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: { rule: "json", message: `The file is not JSON: ${reason}` } };
  }
}

function schemaProblems(definition: unknown): readonly Problem[] {
  // asl-validator writes QueryLanguage into what it reads: it gets a copy. ARNs are placeholders here.
  const copy = structuredClone(definition);
  if (typeof copy !== "object" || copy === null || !("States" in copy)) {
    return [{ rule: "schema", message: "A machine is a JSON object with StartAt and States." }];
  }
  const { errors } = validate(copy, { checkArn: false, checkPaths: false });
  return errors.map(({ "Error code": code, Message }) => ({
    rule: "schema",
    message: `${code}: ${Message}`,
  }));
}

const unknownPlaceholders = (text: string, known: readonly string[]): readonly Problem[] =>
  [...placeholdersOf(text)]
    .filter((name) => !known.includes(name))
    .map((name) => ({
      rule: "substitution",
      message: `\${${name}} is filled in by nothing: it is no declared task, no setting of the environments and not of the platform.`,
    }));
