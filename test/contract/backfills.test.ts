import { awsLedgerHome, awsObjectsHome } from "./aws-homes.ts";
import { backfillsContract } from "./backfills-contract.ts";
import { embeddedLedgerHome, embeddedObjectsHome } from "./embedded-homes.ts";

backfillsContract(embeddedLedgerHome, embeddedObjectsHome);
backfillsContract(awsLedgerHome, awsObjectsHome);
