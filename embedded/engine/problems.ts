import { expressionText, isExpression } from "./expressions.ts";
import { compile } from "./functions.ts";
import { isJsonObject, isObject, type Json, type JsonObject } from "./json.ts";

const JSONPATH_ONLY = new Set([
  ...["InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "Iterator", "ItemsPath"],
  ...["SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ErrorPath", "CausePath"],
  ...["MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath", "Variable"],
]);

/** What is wrong with a definition, each with its place as a JSON pointer. */
export class Problems {
  readonly found: string[] = [];

  report(where: string, what: string): void {
    this.found.push(`${where === "" ? "/" : where}: ${what}`);
  }

  unknown(where: string, body: JsonObject, known: readonly string[]): void {
    for (const field of Object.keys(body)) {
      if (known.includes(field)) continue;
      const why = JSONPATH_ONLY.has(field) ? "belongs to JSONPath; only JSONata runs here" : "is not supported here";
      this.report(where, `field "${field}" ${why}`);
    }
  }

  value(where: string, body: JsonObject, field: string): Json | undefined {
    const value = body[field];
    this.parse(`${where}/${field}`, value);
    return value;
  }

  /** A field that holds a constant of one type or an expression. */
  expect(where: string, body: JsonObject, field: string, type: "number" | "string"): Json | undefined {
    const value = this.value(where, body, field);
    if (value !== undefined && !isExpression(value) && typeof value !== type) {
      this.report(where, `${field} must be a ${type} or a {% %} expression`);
    }
    return value;
  }

  /** Every expression must parse before anything runs, as on AWS. */
  parse(where: string, value: Json | undefined): void {
    if (isExpression(value)) {
      try {
        compile(expressionText(value));
      } catch (error) {
        const message = isObject(error) ? error["message"] : error;
        this.report(where, `the expression does not parse: ${String(message)}`);
      }
    } else if (Array.isArray(value)) value.forEach((item, index) => this.parse(`${where}[${index}]`, item));
    else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) this.parse(`${where}/${key}`, item);
    }
  }
}
