import { expect, it } from "vitest";
import { lostWorker, type StoppedWorker } from "./stopped-worker.ts";

const ended = (end: Partial<StoppedWorker>) => lostWorker({ container: "BuildModels", attempt: 0, ...end });
const exited = { stopCode: "EssentialContainerExited", stoppedReason: "Essential container in task exited" };

it.each([
  ["an exit without an answer", { ...exited, exitCode: 1 }, "Transient worker_lost"],
  ["a host that is gone", { stoppedReason: "Host EC2 instance terminated" }, "Transient worker_lost"],
  ["nothing said at all", {}, "Transient worker_lost"],
  ["an image that cannot be had", { stopCode: "TaskFailedToStart" }, "Transient worker_not_started"],
  ["spot capacity taken back", { stopCode: "SpotInterruption", exitCode: 137 }, "Transient interrupted"],
  ["a termination notice", { stopCode: "TerminationNotice" }, "Transient interrupted"],
  ["a person who stopped it", { stopCode: "UserInitiated", exitCode: 143 }, "Transient interrupted"],
  ["the memory limit", { ...exited, exitCode: 137 }, "Transient worker_out_of_memory"],
  ["the memory limit again", { ...exited, exitCode: 137, attempt: 1 }, "Misconfigured worker_out_of_memory"],
])("%s", (_, end, told) => {
  const record = ended(end);
  expect(`${record.class} ${record.code}`).toBe(told);
  expect(record.retryable).toBe(record.class === "Transient");
});

it("says why in words, with the reason of the container beside that of its task", () => {
  const { message, details } = ended({ ...exited, exitCode: 137, reason: "OutOfMemoryError", memoryMb: 4096 });
  expect(message).toContain("(Essential container in task exited; OutOfMemoryError; exit code 137)");
  expect(details).toMatchObject({ memoryMb: 4096 });
});
