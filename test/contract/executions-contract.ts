import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Executions, ExecutionState } from "../../core/io/ports.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

/** Opened on a machine of the domain `course_runs` with the definition below. */
export type OpenedExecutions = Opened<Executions>;

/** `withoutRedrive`: why what stands for the service here cannot redrive. */
interface ExecutionsHome extends Home<OpenedExecutions> {
  readonly withoutRedrive?: string;
}

/** Ends at once, fails at once, or holds on, as its input says. */
export const MACHINE = {
  StartAt: "Act",
  States: {
    Act: {
      Type: "Choice",
      Choices: [
        { Condition: "{% $states.input.act = 'fail' %}", Next: "Refuse" },
        { Condition: "{% $states.input.act = 'hold' %}", Next: "Hold" },
      ],
      Default: "Done",
    },
    Refuse: { Type: "Fail", Error: "Rejected", Cause: '{"code":"no_way"}' },
    Hold: { Type: "Wait", Seconds: 3_600, Next: "Done" },
    Done: { Type: "Succeed" },
  },
};

const NOT_REDRIVABLE = { name: "Rejected", code: "not_redrivable", info: { hint: expect.stringContaining("rerun") } };

export function executionsContract(home: ExecutionsHome): void {
  describe.skipIf(home.skip !== undefined)(titleOf("executions", home), () => {
    let opened: OpenedExecutions;
    beforeAll(async () => {
      opened = await home.open();
    });
    afterAll(() => opened?.close());

    const id = (name: string) => ({ domain: "course_runs", name });
    const ended = async (name: string): Promise<ExecutionState | undefined> => {
      for (let looks = 0; looks < 400; looks += 1) {
        const found = await opened.port.describe(id(name));
        if (found?.status !== "RUNNING") return found;
        await new Promise((later) => setTimeout(later, 25));
      }
      throw new Error(`${name} does not end.`);
    };

    it("starts an execution once, however often it is asked for", async () => {
      const held = { ...id("held-0a1b"), input: { act: "hold", item: { partition: "course-v1:X+ü" } } };
      expect(await opened.port.describe(held)).toBeUndefined();
      await opened.port.start(held);
      const first = await opened.port.describe(held);
      expect(first).toEqual({ status: "RUNNING", startedAt: expect.any(Date) });
      await opened.port.start(held);
      await Promise.all([opened.port.start(held), opened.port.start(held)]);
      expect(await opened.port.describe(held)).toEqual(first);
    });

    it("takes the same start again after the end", async () => {
      const done = { ...id("done"), input: { act: "succeed", a: 1, b: [null] } };
      await opened.port.start(done);
      const first = await ended("done");
      expect(first).toEqual({
        status: "SUCCEEDED",
        startedAt: expect.any(Date),
        endedAt: expect.any(Date),
        output: expect.any(String),
      });
      await opened.port.start({ ...done, input: { b: [null], a: 1, act: "succeed" } });
      expect(await ended("done")).toEqual(first);
    });

    it("refuses other input under a name that is taken", async () => {
      const taken = { name: "Conflict", code: "execution_taken", message: expect.stringContaining('"taken"') };
      await opened.port.start({ ...id("taken"), input: { act: "hold" } });
      await expect(opened.port.start({ ...id("taken"), input: { act: "fail" } })).rejects.toMatchObject(taken);
      await opened.port.stop({ ...id("taken"), error: "Stopped", cause: "" });
      await expect(opened.port.start({ ...id("taken"), input: {} })).rejects.toMatchObject(taken);
    });

    it("tells how one failed", async () => {
      await opened.port.start({ ...id("fails"), input: { act: "fail" } });
      expect(await ended("fails")).toMatchObject({
        status: "FAILED",
        endedAt: expect.any(Date),
        error: "Rejected",
        cause: '{"code":"no_way"}',
      });
    });

    it("stops one that runs, and leaves alone what has ended or never was", async () => {
      const reason = { error: "Cancelled", cause: "Cancelled by an operator." };
      await opened.port.start({ ...id("stopped"), input: { act: "hold" } });
      await opened.port.stop({ ...id("stopped"), ...reason });
      const stopped = await ended("stopped");
      expect(stopped).toMatchObject({ status: "ABORTED", endedAt: expect.any(Date), ...reason });
      await opened.port.stop({ ...id("stopped"), error: "Other", cause: "" });
      expect(await opened.port.describe(id("stopped"))).toEqual(stopped);
      await opened.port.start({ ...id("over"), input: {} });
      const over = await ended("over");
      await opened.port.stop({ ...id("over"), ...reason });
      expect(await opened.port.describe(id("over"))).toEqual(over);
      await opened.port.stop({ ...id("never"), ...reason });
      expect(await opened.port.describe(id("never"))).toBeUndefined();
    });

    const { withoutRedrive } = home;
    const reason = withoutRedrive === undefined ? "" : ` (skipped: ${withoutRedrive})`;
    it.skipIf(withoutRedrive !== undefined)(
      `has one go on from where it stood, once for each count${reason}`,
      async () => {
        const held = id("goes-on");
        const stop = { ...held, error: "Cancelled", cause: "" };
        await opened.port.start({ ...held, input: { act: "hold" } });
        await expect(opened.port.redrive({ ...held, count: 1 })).rejects.toMatchObject(NOT_REDRIVABLE);
        await opened.port.stop(stop);
        await opened.port.redrive({ ...held, count: 1 });
        const going = await opened.port.describe(held);
        expect(going).toMatchObject({ status: "RUNNING", redrives: 1 });
        await opened.port.redrive({ ...held, count: 1 });
        expect(await opened.port.describe(held)).toEqual(going);
        await opened.port.stop(stop);
        await opened.port.redrive({ ...held, count: 1 });
        expect(await opened.port.describe(held)).toMatchObject({ status: "ABORTED", redrives: 1 });
        await opened.port.redrive({ ...held, count: 2 });
        expect(await opened.port.describe(held)).toMatchObject({ status: "RUNNING", redrives: 2 });
        await opened.port.stop(stop);
        await opened.port.start({ ...id("was-good"), input: {} });
        await ended("was-good");
        for (const name of ["was-good", "never-was"]) {
          await expect(opened.port.redrive({ ...id(name), count: 1 })).rejects.toMatchObject(NOT_REDRIVABLE);
        }
      },
    );

    it("names the machine that does not exist", async () => {
      const nobody = { domain: "no_such_domain", name: "a", input: {} };
      await expect(opened.port.start(nobody)).rejects.toMatchObject({
        name: "Misconfigured",
        code: "machine_missing",
        message: expect.stringContaining("no-such-domain"),
      });
    });
  });
}
