/**
 * Memory in MB that Fargate gives to a number of CPU units: from, to, in steps of. RunTask refuses any other pair, and
 * nothing before it does. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 */
const MEMORY = {
  256: { from: 512, to: 2_048, step: 512 },
  512: { from: 1_024, to: 4_096, step: 1_024 },
  1024: { from: 2_048, to: 8_192, step: 1_024 },
  2048: { from: 4_096, to: 16_384, step: 1_024 },
  4096: { from: 8_192, to: 30_720, step: 1_024 },
} as const;

export type FargateCpuUnits = keyof typeof MEMORY;

/** What Fargate would refuse of a size; empty = nothing. Disk in GB: 20 is given without asking, 200 is the most. */
export function fargateSizeProblems(size: {
  readonly cpuUnits: FargateCpuUnits;
  readonly memoryMb: number;
  readonly diskGb: number;
}): readonly string[] {
  const { from, to, step } = MEMORY[size.cpuUnits];
  // 1.5 GB is not given, although 0.5, 1 and 2 are.
  const fits =
    size.memoryMb >= from &&
    size.memoryMb <= to &&
    size.memoryMb % step === 0 &&
    !(step === 512 && size.memoryMb === 1_536);
  return [
    ...(fits ? [] : [`${size.memoryMb} MB do not go with ${size.cpuUnits} CPU units: ${from} to ${to} by ${step} do`]),
    ...(Number.isInteger(size.diskGb) && size.diskGb >= 20 && size.diskGb <= 200
      ? []
      : [`${size.diskGb} GB of disk; 20 to 200 are given`]),
  ];
}
