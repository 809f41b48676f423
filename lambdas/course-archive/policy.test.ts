import { describe, expect, it } from "vitest";
import { legacyJsonText } from "../../core/model/legacy-json.ts";
import { policyRows, readPolicy, withoutSecretFields } from "./policy.ts";

const entry = {
  lti_passports: ["tool:key:secret-value"],
  video_upload_pipeline: { course_video_upload_token: "secret-token" },
  self_paced: true,
  advanced_modules: ["poll"],
  tags: ["\ud800"],
  nested: { lti_passports: ["deep:key:secret-value"], kept: 1 },
  certificates: {
    certificates: [
      {
        id: 7,
        name: "C",
        signatories: [
          { id: 1, name: "É A", title: "T", organization: "O", signature_image_path: "/p", extra: 2 },
          { id: "two" },
        ],
      },
      { id: 8 },
    ],
  },
};
const document = Buffer.from(JSON.stringify({ "course/R": entry, other: 1 }));

describe("course policy", () => {
  it("gives one row an entry of a course, with defaults, and one a signatory", () => {
    const policy = readPolicy(document);
    const grading = readPolicy(Buffer.from('{"GRADER": [], "w": 0.30}'));
    if (policy === undefined) throw new Error("not read");
    const { policies, signatories } = policyRows("course-v1:O+C+R", policy, grading);
    const rowsOf = (rows: typeof policies) => rows.map((row) => JSON.parse(legacyJsonText(row)));
    expect(rowsOf(policies)).toEqual([
      {
        ...{ course_id: "course-v1:O+C+R", policy_key: "course/R", advanced_modules: ["poll"], self_paced: true },
        ...{ discussions_settings: {}, display_coursenumber: "", tabs: [], tags: ["\ufffd"] },
        ...{ policy: expect.stringContaining('"tags": ["\\ud800"]'), grading_policy: '{"GRADER": [], "w": 0.3}' },
      },
    ]);
    const certified = { course_id: "course-v1:O+C+R", certificate_id: 7 };
    expect(rowsOf(signatories)).toEqual([
      {
        ...{ ...certified, id: 1, name: "É A", title: "T", organization: "O", signature_image_path: "/p", extra: 2 },
        details: expect.stringContaining('"extra": 2'),
      },
      { ...certified, id: "two", details: '{"id": "two"}' },
    ]);
    expect([...policies, ...signatories].map(legacyJsonText).join()).not.toMatch(/secret|passport/);
  });

  it("removes secrets from the file itself and leaves other files byte for byte", () => {
    const cleaned = withoutSecretFields(document);
    expect(cleaned?.toString()).not.toMatch(/secret|passport/);
    expect(JSON.parse(cleaned?.toString() ?? "")).toMatchObject({ "course/R": { nested: { kept: 1 } } });
    const escaped = Buffer.from('{"course/R": {"lti\\u005fpassports": ["a:b:secret"]}}');
    expect(withoutSecretFields(escaped)?.toString()).toBe('{"course/R": {}}');
    const plain = Buffer.from('{ "a":1.50 }');
    expect(withoutSecretFields(plain)).toBe(plain);
    expect(withoutSecretFields(Buffer.from("{ broken"))?.toString()).toBe("{ broken");
    expect(withoutSecretFields(Buffer.from('{"lti_passports": ["a:b:secret"'))).toBeUndefined();
  });

  it.each(["{", "[]", "1", ""])("does not read %j", (text) => expect(readPolicy(Buffer.from(text))).toBeUndefined());
});
