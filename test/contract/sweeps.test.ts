import { awsLedgerHome } from "./aws-homes.ts";
import { embeddedLedgerHome } from "./embedded-homes.ts";
import { sweepsContract } from "./sweeps-contract.ts";

sweepsContract(embeddedLedgerHome);
sweepsContract(awsLedgerHome);
