import { lazyBus, lazyExecutions, lazyLedger, lazyObjects, lazySecrets, lazyTokens } from "./lazy.ts";
import type { Io } from "./ports.ts";
import type { Settings } from "./settings.ts";

/**
 * The ports of the home that the settings name. Each adapter is loaded at its first use, so a cold start pays
 * only for the SDK clients that the task calls, and the other home's half of a bundle is never evaluated.
 */
export async function connect(settings: Settings): Promise<Io> {
  return settings.embedded === undefined ? connectAws(settings) : connectEmbedded(settings, settings.embedded);
}

async function connectAws(settings: Settings): Promise<Io> {
  const { awsLake } = await import("./aws/lake.ts");
  return {
    objects: lazyObjects(async () => (await import("./aws/objects.ts")).awsObjects()),
    ledger: lazyLedger(async () => (await import("./aws/ledger.ts")).awsLedger(settings.ledgerTable)),
    bus: lazyBus(async () => (await import("./aws/bus.ts")).awsBus(settings.busName)),
    secrets: lazySecrets(async () => (await import("./aws/secrets.ts")).awsSecrets(settings.secretPrefix)),
    tokens: lazyTokens(async () => (await import("./aws/tokens.ts")).awsTokens()),
    executions: lazyExecutions(async () =>
      (await import("./aws/executions.ts")).awsExecutions(settings.machineArnPrefix),
    ),
    lake: awsLake(settings),
  };
}

async function connectEmbedded(settings: Settings, home: NonNullable<Settings["embedded"]>): Promise<Io> {
  const { embeddedLake } = await import("./embedded/lake.ts");
  return {
    objects: lazyObjects(async () => (await import("./embedded/objects.ts")).embeddedObjects(home.stateDir)),
    ledger: lazyLedger(async () => (await import("./embedded/ledger.ts")).embeddedLedger(home.stateDir)),
    bus: lazyBus(async () => (await import("./embedded/bus.ts")).embeddedBus(home.stateDir)),
    secrets: lazySecrets(async () => (await import("./embedded/secrets.ts")).embeddedSecrets(home.stateDir)),
    tokens: lazyTokens(async () => (await import("./embedded/tokens.ts")).embeddedTokens(home.engineUrl)),
    executions: lazyExecutions(async () =>
      (await import("./embedded/executions.ts")).embeddedExecutions(home, settings.machineArnPrefix),
    ),
    lake: embeddedLake(settings),
  };
}
