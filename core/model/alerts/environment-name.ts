import type { EnvironmentName } from "../pipeline.ts";

const NAMES: Readonly<Record<EnvironmentName, string>> = {
  dev: "Dev",
  ci: "CI",
  qa: "QA",
  production: "Production",
  emulated: "Emulated",
};

/** As people write it. */
export const environmentName = (name: EnvironmentName): string => NAMES[name];
