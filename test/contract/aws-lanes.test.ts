import { awsLedgerHome } from "./aws-homes.ts";
import { lanesContract } from "./lanes-contract.ts";

lanesContract(awsLedgerHome);
