import { embeddedLedgerHome, embeddedObjectsHome } from "./embedded-homes.ts";
import { backfillsContract } from "./backfills-contract.ts";

backfillsContract(embeddedLedgerHome, embeddedObjectsHome);
