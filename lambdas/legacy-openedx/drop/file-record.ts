import * as z from "zod";
import { allItems } from "../../../core/io/every-item.ts";
import type { Ledger } from "../../../core/io/ports.ts";
import type { DropKey } from "./drop-record.ts";

const KEPT_DAYS = 30;

const Cursor = z.object({ course: z.number(), id: z.string().optional() });

const Begun = z.object({
  upload: z.object({ bucket: z.string(), key: z.string(), id: z.string() }),
  querySha256: z.string(),
  coursesSha256: z.string(),
  /** ISO 8601: what the first attempt has read is as it was then. */
  snapshotTime: z.string(),
});
export type Begun = z.infer<typeof Begun>;

const KeptPart = z.object({
  part: z.object({ number: z.number(), sizeBytes: z.number(), receipt: z.string() }),
  rows: z.number(),
  until: Cursor,
  damaged: z.number(),
});
export type KeptPart = z.infer<typeof KeptPart>;

export const DoneFile = z.object({
  name: z.string(),
  key: z.string(),
  rows: z.number(),
  bytes: z.number(),
  sha256: z.string(),
  querySha256: z.string(),
  snapshotTime: z.string(),
  /** Cells with bytes that are no UTF-8. */
  damaged: z.number(),
});
export type DoneFile = z.infer<typeof DoneFile>;

export interface FileProgress {
  readonly begun?: Begun;
  readonly parts: readonly KeptPart[];
  readonly done?: DoneFile;
}

/** What is known of one file of a drop: one small item for each part, so that keeping one costs the same at any size. */
export function fileRecord(ledger: Ledger, { deployment, date }: DropKey, dropId: string, name: string) {
  const pk = `legacy-drop-file#${deployment}#${date}#${dropId}#${name}`;
  const expiresAt = Math.floor(Date.now() / 1_000) + KEPT_DAYS * 86_400;
  const partKey = (number: number): string => `part#${String(number).padStart(5, "0")}`;
  return {
    async read(): Promise<FileProgress> {
      const items = await allItems(ledger, pk);
      const [begun, done] = ["begun", "done"].map((sk) => items.find((item) => item.sk === sk)?.data);
      const parts = items.filter(({ sk }) => sk.startsWith("part#")).map(({ data }) => KeptPart.parse(data));
      return {
        parts,
        ...(begun === undefined ? {} : { begun: Begun.parse(begun) }),
        ...(done === undefined ? {} : { done: DoneFile.parse(done) }),
      };
    },
    begin: (data: Begun) => ledger.write([{ put: { pk, sk: "begun", data, expiresAt }, if: { absent: true } }]),
    /** Throws Conflict when another attempt has kept the same part: the two must not mix. */
    keep: (data: KeptPart) =>
      ledger.write([{ put: { pk, sk: partKey(data.part.number), data, expiresAt }, if: { absent: true } }]),
    finish: (data: DoneFile) => ledger.write([{ put: { pk, sk: "done", data, expiresAt }, if: { any: true } }]),
    /** The beginning goes last: as long as it is there, what is left of the parts is taken for its own. */
    async forget({ parts }: FileProgress): Promise<void> {
      for (const { part } of parts.toReversed())
        await ledger.write([{ delete: { pk, sk: partKey(part.number) }, if: { any: true } }]);
      await ledger.write([{ delete: { pk, sk: "begun" }, if: { any: true } }]);
    },
  };
}

export type FileRecord = ReturnType<typeof fileRecord>;
