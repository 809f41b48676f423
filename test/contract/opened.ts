/** An adapter under test with what it stands on; `close` removes both. */
export interface Opened<P> {
  readonly port: P;
  close(): Promise<void>;
}

/** A home is left out of a suite only with the reason, which the report shows. */
export interface Home<P extends Opened<unknown>> {
  readonly name: string;
  readonly skip?: string;
  open(): Promise<P>;
}

export const titleOf = (port: string, { name, skip }: { name: string; skip?: string }): string =>
  skip === undefined ? `${port}, ${name}` : `${port}, ${name} (skipped: ${skip})`;
