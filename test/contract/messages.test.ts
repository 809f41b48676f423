import { awsBusHome, awsExecutionsHome, awsSecretsHome, awsTokensHome } from "./aws-homes.ts";
import { busContract } from "./bus-contract.ts";
import { embeddedBusHome, embeddedExecutionsHome, embeddedSecretsHome, embeddedTokensHome } from "./embedded-homes.ts";
import { executionsContract } from "./executions-contract.ts";
import { secretsContract } from "./secrets-contract.ts";
import { tokensContract } from "./tokens-contract.ts";

busContract(embeddedBusHome);
busContract(awsBusHome);
secretsContract(embeddedSecretsHome);
secretsContract(awsSecretsHome);
tokensContract(embeddedTokensHome);
tokensContract(awsTokensHome);
executionsContract(embeddedExecutionsHome);
executionsContract({ ...awsExecutionsHome, withoutRedrive: "MiniStack knows no RedriveExecution" });
