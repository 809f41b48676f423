/** Parts of the ARNs that Step Functions gives to what it runs. */
const part = (arn: string, index: number): string => arn.split(":")[index] ?? "";

export const regionOf = (arn: string): string => part(arn, 3);

export const machineNameOf = (machineArn: string): string => part(machineArn, 6);

/** `arn:aws:states:<region>:<account>:execution:<machine>:<name>` */
export const executionArn = (machineArn: string, name: string): string =>
  [...machineArn.split(":").slice(0, 5), "execution", machineNameOf(machineArn), name].join(":");

export const mapRunArn = (machineArn: string, label: string, id: string): string =>
  [...machineArn.split(":").slice(0, 5), "mapRun", `${machineNameOf(machineArn)}/${label}`, id].join(":");

export const mapChildArn = (machineArn: string, label: string, id: string): string =>
  [...machineArn.split(":").slice(0, 5), "execution", `${machineNameOf(machineArn)}/${label}`, id].join(":");

/** Execution names that AWS accepts. */
export const isExecutionName = (name: string): boolean =>
  // eslint-disable-next-line no-control-regex -- control characters are what AWS refuses
  name.length >= 1 && name.length <= 80 && !/[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/.test(name);
