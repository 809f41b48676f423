import { inject } from "vitest";

// The SDK reads its addresses and credentials from the environment by its own rules.
Object.assign(process.env, inject("awsEnvironment"));
