import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { missingExtensions, startLake } from "../lake/temporary-lake.ts";
import type { LakeHome } from "./lake-contract.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const embeddedLakeHome: LakeHome = {
  name: "embedded",
  ...(missingExtensions === undefined ? {} : { skip: missingExtensions }),
  open: async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder.path, "staged"));
    const lake = await startLake(folder.path);
    return {
      port: lake.target,
      options: lake.options,
      ledger: lake.ledger,
      stagedAt: (id) => join(folder.path, "staged", `${id}.parquet`),
      close: async () => {
        await lake.stop();
        folder.remove();
      },
    };
  },
};
