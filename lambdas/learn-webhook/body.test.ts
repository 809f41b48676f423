import { describe, expect, it } from "vitest";
import { JsonFloat, bodyBytes, contentFilesBody } from "./body.ts";
import { signature } from "./sign.ts";

describe("webhook body and signature", () => {
  it.each([
    ["secret", bodyBytes({ a: 1 }), '{"a":1}', "aa9e2e3575f5d7098b6caccd790888c36d5fdb63342a73bada2d6a51747a8494"],
    [
      "secret",
      bodyBytes({ title: "É 😀", n: new JsonFloat(12), x: null }),
      '{"title":"\\u00c9 \\ud83d\\ude00","n":12.0,"x":null}',
      "70fab80feac625d6c68cc8fce1ba1d047f1ea8310c230de96dfed0b4725eebac",
    ],
    [
      "test-secret",
      bodyBytes({ video_id: "0123456789abcdef0123456789abcdef", delete: true }),
      '{"video_id":"0123456789abcdef0123456789abcdef","delete":true}',
      "5dfece132177108ce6ea44115ffce99e330f6ca32b791635f1758ee14efdadc3",
    ],
  ])("signs with %s the vector %#", (token, body, text, expected) => {
    expect(body.toString("ascii")).toBe(text);
    expect(signature(token, body)).toBe(expected);
  });

  it("keeps the key order of content_files and escapes what is not printable ASCII", () => {
    const body = contentFilesBody({
      courseId: "course-v1:Ünï+A\x7f+1",
      contentPath: "xpro/openedx/x.xml.tar.gz",
      source: "xpro",
    });
    expect(body.toString("latin1")).toBe(
      '{"course_id":"course-v1:\\u00dcn\\u00ef+A\\u007f+1","course_readable_id":"course-v1:\\u00dcn\\u00ef+A\\u007f+1",' +
        '"content_path":"xpro/openedx/x.xml.tar.gz","source":"xpro"}',
    );
  });

  it("refuses a key whose place JavaScript would change, and a number without a JSON form", () => {
    expect(() => bodyBytes({ b: 1, "1": 2 })).toThrow(/lose its place/);
    expect(() => bodyBytes({ b: Number.NaN })).toThrow(/no JSON form/);
  });
});
