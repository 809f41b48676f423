import { awsLedgerHome } from "./aws-homes.ts";
import { embeddedLedgerHome } from "./embedded-homes.ts";
import { schedulesContract } from "./schedules-contract.ts";

schedulesContract(embeddedLedgerHome);
schedulesContract(awsLedgerHome);
