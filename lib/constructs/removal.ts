import { RemovalPolicy } from "aws-cdk-lib";
import type { EnvironmentProps } from "../environment.ts";

/**
 * What becomes of data when it leaves its stack, or its stack is deleted. Where data is retained, a first deploy that
 * fails still takes back what it made: it is empty, and its literal name would be taken when the next deploy creates it.
 */
export const dataRemoval = ({ retainData }: Pick<EnvironmentProps, "retainData">): RemovalPolicy =>
  retainData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;

/** The same for what is protected against deletion, which a roll-back could not delete and would then end in failure. */
export const protectedDataRemoval = ({ retainData }: Pick<EnvironmentProps, "retainData">): RemovalPolicy =>
  retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
