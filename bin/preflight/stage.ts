import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { synthesise } from "../cli/synthesise.ts";

const StackArtifact = z.object({
  type: z.literal("aws:cloudformation:stack"),
  environment: z.string(),
  properties: z.object({
    stackName: z.string(),
    templateFile: z.string(),
    terminationProtection: z.boolean().default(false),
    requiresBootstrapStackVersion: z.number(),
    bootstrapStackVersionSsmParameter: z.string(),
  }),
});
const Manifest = z.object({ artifacts: z.record(z.string(), z.unknown()) });
const Template = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      DeletionPolicy: z.string().default("Delete"),
    }),
  ),
});

export type StackResource = z.infer<typeof Template>["Resources"][string] & { readonly id: string };

/** One stack as `cdk deploy` would deploy it. */
export interface StageStack {
  readonly name: string;
  /** Undefined = whichever account or region the credentials belong to. */
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly isProtected: boolean;
  readonly bootstrap: { readonly parameter: string; readonly version: number };
  readonly resources: readonly StackResource[];
}

/** The stacks of one environment, synthesised now from the sources. */
export async function stageOf(environment: EnvironmentName): Promise<readonly StageStack[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-preflight-"));
  try {
    await synthesise(folder, environment);
    return readStage(join(folder, `assembly-${environment}`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readStage(folder: string): readonly StageStack[] {
  const { artifacts } = Manifest.parse(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
  return Object.values(artifacts).flatMap((artifact) => {
    const stack = StackArtifact.safeParse(artifact);
    if (!stack.success) return [];
    const { environment, properties } = stack.data;
    // aws://unknown-account/unknown-region where the app names none.
    const [account, region] = environment.replace("aws://", "").split("/");
    const known = (text: string | undefined): string | undefined =>
      text === undefined || text.startsWith("unknown-") ? undefined : text;
    const { Resources } = Template.parse(JSON.parse(readFileSync(join(folder, properties.templateFile), "utf8")));
    return [
      {
        name: properties.stackName,
        account: known(account),
        region: known(region),
        isProtected: properties.terminationProtection,
        bootstrap: {
          parameter: properties.bootstrapStackVersionSsmParameter,
          version: properties.requiresBootstrapStackVersion,
        },
        resources: Object.entries(Resources).map(([id, resource]) => ({ ...resource, id })),
      },
    ];
  });
}
