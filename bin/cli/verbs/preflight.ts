import { ENVIRONMENTS } from "../../../core/model/pipeline.ts";
import type { Finding } from "../../preflight/finding.ts";
import { lossesOf } from "../../preflight/losses.ts";
import { stageOf } from "../../preflight/stage.ts";
import { badInput, EXIT } from "../output.ts";
import type { Verb } from "../verb.ts";

export const preflight: Verb = {
  usage: "preflight <environment>",
  summary: "Tell whether an environment can be deployed to AWS, or was deployed well; changes nothing",
  options: [["--destroy", "tell instead what `cdk destroy` would delete, retain or be refused"]],
  home: "none",
  examples: ["preflight qa", "preflight production --json", "preflight dev --destroy"],
  async run({ args: [name], options }, { out }) {
    const environment = ENVIRONMENTS.find((known) => known === name);
    if (environment === undefined)
      throw badInput(`"${name ?? ""}" is no environment.`, `Valid are ${ENVIRONMENTS.join(", ")}.`);
    const stacks = await stageOf(environment);
    const { findings, ...more } =
      options["destroy"] === true
        ? lossesOf(stacks)
        : await (await import("../../preflight/inspect.ts")).inspect(stacks);
    out.result({ environment, findings, ...more }, () =>
      [
        ...findings.map(lineOf),
        ...("retained" in more ? more.retained.map((kept) => `retained: ${kept}`) : []),
        ...(findings.length === 0 ? [`${environment}: nothing to do.`] : []),
      ].join("\n"),
    );
    if ("unchecked" in more) for (const reason of more.unchecked) out.note(`Not checked: ${reason}`);
    return findings.length === 0 ? EXIT.ok : EXIT.failed;
  },
};

const lineOf = ({ check, what, why, next }: Finding): string => `${check}: ${what} (${why}). ${next}`;
