import { describe, expect, it } from "vitest";
import { policyRows, readPolicy, withoutSecretFields } from "./policy.ts";

const entry = {
  lti_passports: ["tool:key:secret-value"],
  video_upload_pipeline: { course_video_upload_token: "secret-token" },
  self_paced: true,
  advanced_modules: ["poll"],
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
    expect(policies).toEqual([
      expect.objectContaining({
        course_id: "course-v1:O+C+R",
        policy_key: "course/R",
        advanced_modules: '["poll"]',
        discussions_settings: "{}",
        display_coursenumber: "",
        self_paced: true,
        tabs: "[]",
        tags: "[]",
        grading_policy: '{"GRADER": [], "w": 0.3}',
      }),
    ]);
    expect(signatories).toEqual([
      expect.objectContaining({
        certificate_id: "7",
        id: "1",
        name: "É A",
        title: "T",
        organization: "O",
        signature_image_path: "/p",
      }),
      expect.objectContaining({ certificate_id: "7", id: "two", name: null }),
    ]);
    expect(JSON.parse(signatories[0]?.details ?? "")).toMatchObject({ extra: 2 });
    expect(JSON.stringify({ policies, signatories })).not.toMatch(/secret|passport/);
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
