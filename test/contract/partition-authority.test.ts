import { awsLedgerHome } from "./aws-homes.ts";
import { embeddedLedgerHome } from "./embedded-homes.ts";
import { partitionAuthorityContract } from "./partition-authority-contract.ts";

partitionAuthorityContract(embeddedLedgerHome);
partitionAuthorityContract(awsLedgerHome);
