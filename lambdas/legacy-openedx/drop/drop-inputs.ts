import * as z from "zod";
import { Failure } from "../../../core/model/failures.ts";
import { dropDeployments, type DropDeployment } from "../sources/deployments.ts";

/** Names a drop in every step after the first. */
export const DropReference = z.looseObject({
  deployment: z.string().min(1),
  /** `YYYYMMDD` */
  date: z.string().regex(/^\d{8}$/),
  dropId: z.string().min(1),
});

export function deploymentOf(id: string): DropDeployment {
  const found = dropDeployments.find((known) => known.id === id);
  if (found !== undefined) return found;
  const known = dropDeployments.map((one) => one.id).join(", ");
  throw new Failure("Misconfigured", `There is no research drop of "${id}"; there are those of ${known}.`, {
    code: "unknown_deployment",
    what: "make a research drop",
    hint: "Correct the run's input, or add the deployment in lambdas/legacy-openedx/sources/deployments.ts.",
  });
}

/** The UTC day of a time, or a day itself, as `YYYYMMDD`. Throws Misconfigured `date_invalid`. */
export function dayOf(text: string): string {
  const day = text.slice(0, 10).replaceAll("-", "").slice(0, 8);
  const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  const time = new Date(`${iso}T00:00:00Z`);
  if (/^\d{8}$/.test(day) && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(iso)) return day;
  throw new Failure("Misconfigured", `"${text}" is no day.`, {
    code: "date_invalid",
    what: "make a research drop",
    hint: 'Give "date" as 2026-01-15 or 20260115, or leave it out.',
  });
}
