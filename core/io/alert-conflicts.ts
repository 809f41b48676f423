import { outlast } from "./retry-conflict.ts";

/** Decides and writes again, on a fresh read, for as long as somebody else wrote meanwhile: long enough for a burst on one item. */
export const onFreshRead = <T>(work: () => Promise<T>): Promise<T> =>
  outlast(work, { attempts: 24, firstPauseMs: 10, lastPauseMs: 500, code: "alerts_contended", what: "keep an alert" });
