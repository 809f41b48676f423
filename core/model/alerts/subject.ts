import * as z from "zod";

/** One item, or lane, and the fingerprints under which it has failed since its last success. */
export const AlertSubject = z.object({
  /** Event times: a failure that is older than the latest success and comes late breaks nothing. */
  succeededAt: z.string().nullable(),
  /** Fingerprint key -> time of the failure. */
  failing: z.record(z.string(), z.string()),
});
export type AlertSubject = z.infer<typeof AlertSubject>;

export const freshSubject: AlertSubject = { succeededAt: null, failing: {} };

/** Above this the ledger's transaction of 100 writes would be near: an item with so many causes is not told better by more. */
const MOST_CAUSES = 50;

/** `opened`: the fingerprint has one failing subject more. `tracked`: its end will be known, or is already. */
export function failed(
  subject: AlertSubject,
  key: string,
  at: string,
): { readonly subject: AlertSubject; readonly opened: boolean; readonly tracked: boolean } {
  const late = subject.succeededAt !== null && Date.parse(at) <= Date.parse(subject.succeededAt);
  const known = subject.failing[key];
  const full = known === undefined && Object.keys(subject.failing).length >= MOST_CAUSES;
  if (late || full) return { subject, opened: false, tracked: late };
  const last = known !== undefined && Date.parse(known) > Date.parse(at) ? known : at;
  return {
    subject: { ...subject, failing: { ...subject.failing, [key]: last } },
    opened: known === undefined,
    tracked: true,
  };
}

/** Returns the fingerprints that have one failing subject less. */
export function succeeded(subject: AlertSubject, at: string): { subject: AlertSubject; closed: readonly string[] } {
  const before = Object.entries(subject.failing);
  const [closed, open] = [
    before.filter(([, time]) => Date.parse(time) <= Date.parse(at)),
    before.filter(([, time]) => Date.parse(time) > Date.parse(at)),
  ];
  const latest =
    subject.succeededAt !== null && Date.parse(subject.succeededAt) > Date.parse(at) ? subject.succeededAt : at;
  return {
    subject: { succeededAt: latest, failing: Object.fromEntries(open) },
    closed: closed.map(([key]) => key),
  };
}
