/** `arn:<partition>:states:<region>:<account>:stateMachine:millrace-<environment>-<domain>`; ids are data, names are kebab-case. */
export const machineArnOf = (prefix: string, domain: string): string => prefix + domain.replaceAll("_", "-");

export const executionArnOf = (machineArn: string, name: string): string =>
  `${machineArn.replace(":stateMachine:", ":execution:")}:${name}`;
