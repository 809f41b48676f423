/** A process that is killed at one of its calls to the outside: nothing of it runs on, not even a `finally`. */
export interface Mortal {
  /** The port, of which call number `at` (from 0, over all ports) is the last. */
  wrap<T extends object>(port: T): T;
  /** What the work gives, or `killed`. */
  live<T>(work: () => Promise<T>): Promise<T | "killed">;
}

/** `effect`: whether the last call still reaches the other side, whose answer is never heard. */
export function mortal(at: number, effect: boolean): Mortal {
  let calls = 0;
  let isLastUnderWay = false;
  let die: () => void;
  const dead = new Promise<"killed">((resolve) => {
    die = () => resolve("killed");
  });
  const never = new Promise<never>(() => undefined);
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          const call = calls;
          calls += 1;
          // A put whose body is read from a port makes calls before it is answered.
          if (call > at && !isLastUnderWay) return never;
          if (call === at && !effect) {
            die();
            return never;
          }
          isLastUnderWay ||= call === at && name === "put";
          const answer: Promise<unknown> = Reflect.apply(method, target, args);
          if (call !== at) return answer;
          // Also when it is refused: that answer is not heard either.
          await answer.catch(() => undefined);
          isLastUnderWay = false;
          die();
          return never;
        };
      },
    });
  return { wrap, live: (work) => Promise.race([work(), dead]) };
}
