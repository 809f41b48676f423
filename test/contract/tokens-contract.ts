import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskTokens } from "../../core/io/ports.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

export interface OpenedTokens extends Opened<TaskTokens> {
  /** A token of a task that waits. */
  waiting(): Promise<string>;
  /** What its execution got: output of success, or error and cause. */
  outcome(token: string): Promise<unknown>;
}

export function tokensContract(home: Home<OpenedTokens>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("task tokens", home), () => {
    let opened: OpenedTokens;
    beforeAll(async () => {
      opened = await home.open();
    });
    afterAll(() => opened?.close());

    const gone = { name: "Conflict", code: "task_gone" };

    it("reports success once", async () => {
      const token = await opened.waiting();
      await opened.port.heartbeat(token);
      await opened.port.succeed(token, { key: "ü", n: [1, null] });
      expect(await opened.outcome(token)).toEqual({ output: { key: "ü", n: [1, null] } });
      await expect(opened.port.succeed(token, 2)).rejects.toMatchObject(gone);
      await expect(opened.port.heartbeat(token)).rejects.toMatchObject(gone);
      await expect(opened.port.fail(token, "Transient", "{}")).rejects.toMatchObject(gone);
    });

    it("reports failure by name and cause", async () => {
      const token = await opened.waiting();
      await opened.port.fail(token, "Malformed", '{"code":"gzip_truncated"}');
      expect(await opened.outcome(token)).toEqual({ error: "Malformed", cause: '{"code":"gzip_truncated"}' });
    });
  });
}
