import { awsObjectsHome } from "./aws-homes.ts";
import { bucketHome } from "./bucket-origins.ts";
import { originsContract } from "./origins-contract.ts";

originsContract(bucketHome(awsObjectsHome, "a bucket of S3", false));
originsContract(bucketHome(awsObjectsHome, "a bucket of S3, read as a role that is not ours", true));
