import * as z from "zod";
import { withLease } from "../../core/io/lease.ts";
import { openOrigin } from "../../core/io/origins.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { copyMirror, type Mirrored } from "./copy/copy-mirror.ts";
import type { PartSizes } from "./copy/copy-object.ts";
import { mirrors } from "./sources/mirrors.ts";

/** The function ends two minutes later, which is more than the ranges take that are still under way then. */
const BUDGET_SECONDS = 780;
const LEASE_SECONDS = 60;
/** A holder that is dead is none after this. */
const WAIT_SECONDS = 65;

const Input = z
  .looseObject({
    mirror: z.enum(mirrors.map(({ id }) => id)),
    /** Only objects of these days, and older ones than count by themselves. */
    from: z.iso.date().optional(),
    to: z.iso.date().optional(),
    /** For another run that copies the same. */
    waitSeconds: z.number().nonnegative().max(WAIT_SECONDS).default(WAIT_SECONDS),
    budgetSeconds: z.number().positive().max(BUDGET_SECONDS).default(BUDGET_SECONDS),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, "`from` is later than `to`");

export const handler = task({ name: "CopyNew", input: Input, run: (input, context) => copyNew(input, context) });

/** `busy`: another run copies the same; it brings what there is. */
export type CopiedNew =
  | ({ readonly outcome: "copied"; readonly mirror: string } & Mirrored)
  | { readonly outcome: "busy"; readonly mirror: string; readonly more: false };

/** Brings into landing what of one mirror's origin is new or has changed. */
export async function copyNew(
  { mirror: id, from, to, waitSeconds, budgetSeconds }: z.infer<typeof Input>,
  { io, settings, run, log }: Pick<TaskContext, "io" | "settings" | "run" | "log">,
  { now = Date.now, parts }: { readonly now?: () => number; readonly parts?: PartSizes } = {},
): Promise<CopiedNew> {
  const until = now() + budgetSeconds * 1_000;
  const mirror = mirrors.find((known) => known.id === id);
  if (mirror === undefined) throw unknownMirror(id);
  const opened = await openOrigin({ io, settings }, mirror.origin);
  const holder = `${run.id} attempt ${run.attempt}`;
  try {
    const mirrored = await withLease(
      io.ledger,
      `mirror/${id}`,
      { holder, ttlSeconds: LEASE_SECONDS, waitSeconds },
      (lease) =>
        copyMirror({
          ...{ ...opened, io, mirror, bucket: settings.buckets.landing, days: { from, to }, lease },
          ...{ run: run.id, until, now, ...(parts === undefined ? {} : { parts }) },
        }),
    );
    const { failed, unkeyable } = mirrored;
    if (failed.length > 0) log.warn("objects that could not be copied", { mirror: id, failed });
    if (unkeyable.count > 0) log.warn("names that are no keys", { mirror: id, ...unkeyable });
    return { outcome: "copied", mirror: id, ...mirrored };
  } catch (error) {
    if (isFailure(error) && error.code === "lease_held") return { outcome: "busy", mirror: id, more: false };
    throw error;
  }
}

const unknownMirror = (id: string): Failure =>
  new Failure("Misconfigured", `No mirror is named "${id}".`, {
    code: "unknown_mirror",
    what: "copy what is new",
    hint: "lambdas/mirrors/sources/mirrors.ts lists them.",
  });
