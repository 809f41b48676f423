/** `arn:<partition>:states:<region>:<account>:stateMachine:millrace-<environment>-<domain>`; ids are data, names are kebab-case. */
export const machineArnOf = (prefix: string, domain: string): string => prefix + domain.replaceAll("_", "-");

export const executionArnOf = (machineArn: string, name: string): string =>
  `${machineArn.replace(":stateMachine:", ":execution:")}:${name}`;

/** Where AWS shows an execution to people. */
export const consolePage = (arn: string): string => {
  const region = arn.split(":")[3] ?? "";
  return `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${arn}`;
};
