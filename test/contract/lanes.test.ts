import { memoryLedger } from "../standins/memory-ledger.ts";
import { embeddedLedgerHome } from "./embedded-homes.ts";
import { lanesContract } from "./lanes-contract.ts";
import { ledgerContract } from "./ledger-contract.ts";
import type { Home, Opened } from "./opened.ts";
import type { Ledger } from "../../core/io/ports.ts";

/** What the histories by the thousand are played on has to be a ledger itself. */
const memoryHome: Home<Opened<Ledger>> = {
  name: "in memory",
  open: async () => ({ port: memoryLedger(), close: async () => undefined }),
};

ledgerContract(memoryHome);
lanesContract(memoryHome);
lanesContract(embeddedLedgerHome);
