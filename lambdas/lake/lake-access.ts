import { openLake, type LakeOptions, type LakeSession } from "../../core/io/lake.ts";
import type { LakeTarget } from "../../core/io/ports.ts";
import type { LakeAccess } from "./commit-plan.ts";

/** A session that is opened when it is first wanted. One that failed is not used again. */
export function lakeAccess(target: LakeTarget, options: LakeOptions): LakeAccess {
  let open: Promise<LakeSession> | undefined;
  return {
    session: () => (open ??= openLake(target, options)),
    async discard() {
      const failed = open;
      open = undefined;
      await failed?.then((session) => session.close()).catch(() => undefined);
    },
  };
}
