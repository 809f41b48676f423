import { Worker } from "node:worker_threads";

const SILENCE_MS = 60_000;
const LOOKS = 12;

/**
 * A thread of its own, for what it looks after cannot: a process whose event loop turns no more (a loop without end, an
 * expression that never matches) reports nothing and ends nothing. Looks are counted and not time, so that a process
 * that was suspended is not ended when it wakes.
 */
const THREAD = `
const { workerData: { turns, everyMs, looks } } = require("node:worker_threads");
let [seen, still] = [-1, 0];
setInterval(() => {
  const now = Atomics.load(turns, 0);
  still = now === seen ? still + 1 : 0;
  seen = now;
  if (still >= looks) process.kill(process.pid, "SIGALRM");
}, everyMs);`;

/**
 * Ends this process by SIGALRM when its event loop has stood still for `silenceMs`: what runs it tells of its end at once, where a missing heartbeat takes minutes. SIGKILL would look like a lack of memory.
 */
export function watchEventLoop(silenceMs: number = SILENCE_MS): void {
  const everyMs = silenceMs / LOOKS;
  const turns = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setInterval(() => Atomics.add(turns, 0, 1), everyMs / 2).unref();
  new Worker(THREAD, { eval: true, execArgv: [], workerData: { turns, everyMs, looks: LOOKS } }).unref();
}
