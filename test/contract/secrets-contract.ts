import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Secrets } from "../../core/io/ports.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

export interface OpenedSecrets extends Opened<Secrets> {
  /** Stores the text of a role as an operator would. */
  store(role: string, text: string): Promise<void>;
}

export function secretsContract(home: Home<OpenedSecrets>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("secrets", home), () => {
    let opened: OpenedSecrets;
    beforeAll(async () => {
      opened = await home.open();
    });
    afterAll(() => opened?.close());

    it("reads the fields of a role", async () => {
      await opened.store("learn/webhook", '{"key":"s3cr3t","url":"http://127.0.0.1/ü"}');
      const fields = { key: "s3cr3t", url: "http://127.0.0.1/ü" };
      expect(await opened.port.read("learn/webhook")).toEqual(fields);
      expect(await opened.port.read("learn/webhook")).toEqual(fields);
    });

    it("reads them as they are now for whoever asks for that", async () => {
      await opened.store("mysql/mitx", '{"password":"old"}');
      expect(await opened.port.read("mysql/mitx")).toEqual({ password: "old" });
      await opened.store("mysql/mitx", '{"password":"new"}');
      expect(await opened.port.read("mysql/mitx", { fresh: true })).toEqual({ password: "new" });
      expect(await opened.port.read("mysql/mitx")).toEqual({ password: "new" });
    });

    it("names the role that is missing", async () => {
      await expect(opened.port.read("slack/bot")).rejects.toMatchObject({
        name: "Misconfigured",
        code: "secret_missing",
        message: expect.stringContaining("slack/bot"),
      });
    });

    it("does not show the value of a role that is malformed", async () => {
      await opened.store("broken", '{"key":{"s3cr3t":1}}');
      const error = await opened.port.read("broken").catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: "Misconfigured", code: "secret_malformed" });
      expect(JSON.stringify(error) + String(error)).not.toContain("s3cr3t");
    });
  });
}
