import { expect, test } from "vitest";
import { targetInput } from "./target-input.ts";

const event = {
  id: "e1",
  time: "2026-01-15T00:00:00Z",
  detail: { object: { key: 'a"b+c', size: 7 }, list: ["x", "y"] },
};
const target = { id: "t", arn: "arn" };

test("a target without options gets the event", () => {
  expect(JSON.parse(targetInput(target, event, "rule"))).toEqual(event);
});

test("a constant input is passed as it is", () => {
  expect(targetInput({ ...target, input: '{"a":1}' }, event, "rule")).toBe('{"a":1}');
});

test("a path gives a part of the event", () => {
  expect(targetInput({ ...target, inputPath: "$.detail.list[1]" }, event, "rule")).toBe('"y"');
});

test("a template takes values as JSON, and as text inside quotes", () => {
  const inputTransformer = {
    paths: { key: "$.detail.object.key", size: "$.detail.object.size", none: "$.detail.none" },
    template: '{"key":<key>,"size":<size>,"uri":"s3://b/<key>","none":<none>,"rule":<aws.events.rule-name>}',
  };
  expect(JSON.parse(targetInput({ ...target, inputTransformer }, event, "rule"))).toEqual({
    key: 'a"b+c',
    size: 7,
    uri: 's3://b/a"b+c',
    none: "",
    rule: "rule",
  });
});
