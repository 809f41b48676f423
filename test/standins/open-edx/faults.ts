export const CALLS = ["token", "me", "list", "status", "outline", "structure", "export", "task"] as const;
export type Call = (typeof CALLS)[number];

export interface Fault {
  /** Absent = every call but `token` and `me`. */
  readonly call?: Call;
  /** Absent = every course. */
  readonly course?: string;
  /** How often; default once. */
  readonly times?: number;
  /** 0 = the connection is cut. Absent = the true answer, perhaps late or cut short. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly delayMs?: number;
  /** It says how long its body is and ends before. */
  readonly truncated?: boolean;
}

export const PAGE = "<!doctype html><html><body>Sign in</body></html>";

export interface Faults {
  add(...faults: readonly Fault[]): void;
  /** The fault that this call meets, which is used up by it. */
  take(call: Call, course: string | undefined): Fault | undefined;
  clear(): void;
}

export function openFaults(): Faults {
  let faults: { readonly fault: Fault; left: number }[] = [];
  return {
    add: (...more) => void faults.push(...more.map((fault) => ({ fault, left: fault.times ?? 1 }))),
    take: (call, course) => {
      const found = faults.find(({ fault, left }) => {
        const isCall = fault.call === undefined ? call !== "token" && call !== "me" : fault.call === call;
        return left > 0 && isCall && (fault.course === undefined || fault.course === course);
      });
      if (found !== undefined) found.left -= 1;
      return found?.fault;
    },
    clear: () => {
      faults = [];
    },
  };
}
