import { awsLedgerHome } from "./aws-homes.ts";
import { embeddedLedgerHome } from "./embedded-homes.ts";
import { ledgerContract } from "./ledger-contract.ts";

ledgerContract(embeddedLedgerHome);
ledgerContract(awsLedgerHome);
