import { awsObjectsHome } from "./aws-homes.ts";
import { bucketHome } from "./bucket-origins.ts";
import { originsContract } from "./origins-contract.ts";

/** S3 itself answers with the range. */
const EMULATED = "MiniStack 1.5.33 answers with all of an object when a version is asked for";

originsContract(bucketHome(awsObjectsHome, "a bucket of S3", false), EMULATED);
originsContract(bucketHome(awsObjectsHome, "a bucket of S3, read as a role that is not ours", true), EMULATED);
