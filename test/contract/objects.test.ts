import { awsObjectsHome } from "./aws-homes.ts";
import { embeddedObjectsHome } from "./embedded-homes.ts";
import { objectsContract } from "./objects-contract.ts";

objectsContract(embeddedObjectsHome);
objectsContract(awsObjectsHome);
