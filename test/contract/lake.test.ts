import { awsLakeHome } from "./aws-homes.ts";
import { embeddedLakeHome } from "./embedded-lake-home.ts";
import { lakeContract } from "./lake-contract.ts";

lakeContract(embeddedLakeHome);
lakeContract(awsLakeHome);
