import { describe, expect, it } from "vitest";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { learnTarget, urlOf } from "./target.ts";

const target = (fields: Record<string, string>, environment: EnvironmentName = "qa") =>
  learnTarget({ read: async () => fields }, environment);

describe("the receiver's address and secret", () => {
  it.each([
    [{ url: "https://learn.example.edu/", token: " t \n" }, "https://learn.example.edu/api/v1/webhooks/content_files/"],
    [{ base_url: "https://example.edu/rc", token: "t" }, "https://example.edu/rc/api/v1/webhooks/content_files/"],
    [
      { url: "http://127.0.0.1:8080", token: "t", environment: "qa" },
      "http://127.0.0.1:8080/api/v1/webhooks/content_files/",
    ],
    [{ url: "http://[::1]:1", token: "t" }, "http://[::1]:1/api/v1/webhooks/content_files/"],
  ])("makes of %j the address %s", async (fields, expected) => {
    const found = await target(fields);
    expect(urlOf(found, "/api/v1/webhooks/content_files/")).toBe(expected);
    expect(found.token).toBe("t");
  });

  it.each([
    [{ token: "t" }, "secret_field_missing"],
    [{ url: "https://example.edu" }, "secret_field_missing"],
    [{ url: "https://example.edu", token: " " }, "secret_field_missing"],
    [{ url: "learn", token: "t" }, "learn_url_invalid"],
    [{ url: "http://example.edu", token: "t" }, "learn_url_invalid"],
    [{ url: "http://localhost.example.edu", token: "t" }, "learn_url_invalid"],
    [{ url: "https://user@example.edu", token: "t" }, "learn_url_invalid"],
    [{ url: "https://example.edu/?a=1", token: "t" }, "learn_url_invalid"],
    [{ url: "https://example.edu", token: "t", environment: "production" }, "wrong_environment"],
    [{ url: "https://api.learn.mit.edu", token: "t" }, "wrong_environment"],
  ])("refuses %j as %s", async (fields, code) => {
    await expect(target(fields)).rejects.toMatchObject({ name: "Misconfigured", code });
  });

  it("sends to production only from production", async () => {
    const fields = { url: "https://api.learn.mit.edu", token: "t", environment: "production" };
    await expect(target(fields, "production")).resolves.toMatchObject({ token: "t" });
  });
});
