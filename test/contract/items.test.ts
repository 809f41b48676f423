import { awsLedgerHome } from "./aws-homes.ts";
import { embeddedLedgerHome } from "./embedded-homes.ts";
import { itemsContract } from "./items-contract.ts";

itemsContract(embeddedLedgerHome);
itemsContract(awsLedgerHome);
