import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./synthesised.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly uses?: string;
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
  readonly "runs-on"?: string;
  readonly "timeout-minutes"?: number;
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly defaults?: unknown;
  readonly concurrency?: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

// YAML 1.1 reads the key `on` as true; GitHub does not.
const PARSE = `
import json, sys, yaml
document = yaml.safe_load(sys.stdin)
document["on"] = document.pop(True)
json.dump(document, sys.stdout)
`;
const texts = new Map(
  globSync(".github/workflows/*.yml", { cwd: root }).map((path) => [
    basename(path, ".yml"),
    readFileSync(join(root, path), "utf8"),
  ]),
);
const workflows = new Map(
  [...texts].map(([name, input]) => {
    const json = execFileSync(join(root, ".tools", "python", "bin", "python"), ["-c", PARSE], {
      input,
      encoding: "utf8",
    });
    return [name, JSON.parse(json) as Workflow] as const;
  }),
);
const workflow = (name: string): Workflow => {
  const found = workflows.get(name);
  if (found === undefined) throw new Error(`There is no workflow ${name}.`);
  return found;
};
const jobs = [...workflows].flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => ({ file, name, job })),
);
const steps = jobs.flatMap(({ file, name, job }) =>
  (job.steps ?? []).map((step) => ({ where: `${file}.${name}`, step })),
);

describe("the workflows", () => {
  it("pin every action to a commit and say which version that is", () => {
    const used = [...texts.values()].flatMap((text) =>
      [...text.matchAll(/^.*\buses: (.*)$/gm)].map(([, found = ""]) => found),
    );
    const foreign = used.filter((found) => !found.startsWith("./.github/workflows/"));
    expect(foreign.length).toBeGreaterThan(10);
    expect(foreign.filter((found) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(found))).toEqual([]);
    // One version of an action everywhere.
    expect(new Set(foreign).size).toBe(new Set(foreign.map((found) => found.split("@")[0])).size);
  });

  it("hold no key and ask for no secret: AWS knows a job by the token of its run", () => {
    for (const text of texts.values()) expect(text).not.toMatch(/secrets[.[]|secrets: inherit|access-key|AKIA/i);
  });

  it("may read the sources, and only jobs that go to AWS may ask for a token", () => {
    for (const [name, { permissions }] of workflows) expect(permissions, name).toEqual({ contents: "read" });
    const asking = jobs.filter(({ job }) => job.permissions?.["id-token"] === "write");
    const going = jobs.filter(
      ({ job }) =>
        job.uses?.endsWith("/release.yml") === true ||
        (job.steps ?? []).some(({ uses = "" }) => uses.startsWith("aws-actions/")),
    );
    expect(asking.map(({ file, name }) => `${file}.${name}`)).toEqual(going.map(({ file, name }) => `${file}.${name}`));
    for (const { job } of asking) expect(job.permissions).toEqual({ contents: "read", "id-token": "write" });
    // Code of a fork must never run beside a token.
    for (const [name, { on }] of workflows) expect(Object.keys(on), name).not.toContain("pull_request_target");
    expect(Object.values(workflow("check").jobs).filter(({ permissions }) => permissions !== undefined)).toEqual([]);
  });

  it("bound every job, on a named system, without leaving credentials behind", () => {
    for (const { file, name, job } of jobs.filter(({ job }) => job.uses === undefined)) {
      expect(job["timeout-minutes"], `${file}.${name}`).toEqual(expect.any(Number));
      expect(job["runs-on"], `${file}.${name}`).toMatch(/^ubuntu-\d\d\.04(-arm)?$/);
    }
    for (const { where, step } of steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@") === true))
      expect(step.with?.["persist-credentials"], where).toBe(false);
  });

  it("let no text from outside become part of a command, and stop at the first failing one", () => {
    const commands = steps.filter(({ step }) => step.run !== undefined);
    expect(commands.filter(({ step }) => step.run?.includes("${{")).map(({ where }) => where)).toEqual([]);
    // GitHub's plain default has no pipefail: a diff that fails would be a `tee` that succeeds.
    for (const [name, { defaults }] of workflows) expect(defaults, name).toEqual({ run: { shell: "bash" } });
    expect([...texts.values()].join("\n")).not.toMatch(/continue-on-error|always\(\)/);
  });

  it("run commands that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const lines = steps.map(({ step }) => step.run ?? "").join("\n");
    const named = [...lines.matchAll(/npm (?:run (?:--silent )?(\w+)|(test))/g)].map(
      ([, script, test]) => script ?? test ?? "",
    );
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    const files = [...lines.matchAll(/\bbin\/\w+\.ts\b/g)].map(([file]) => file);
    expect(files.filter((file) => globSync(file, { cwd: root }).length === 0)).toEqual([]);
    expect(named.length * files.length).toBeGreaterThan(0);
  });
});

describe("a deploy", () => {
  const { jobs: stages, concurrency } = workflow("deploy");
  const release = workflow("release").jobs;

  it("tests, synthesises once, and then goes from environment to environment", () => {
    expect(Object.entries(stages).map(([name, { needs = "" }]) => `${needs} -> ${name}`)).toEqual([
      " -> check",
      "check -> synth",
      "synth -> dev",
      "dev -> qa",
      "qa -> production",
    ]);
    expect(concurrency).toMatchObject({ "cancel-in-progress": false });
    const synths = steps.filter(
      ({ where, step }) => !where.startsWith("check.") && step.run?.includes("cdk synth") === true,
    );
    expect(synths.map(({ where }) => where)).toEqual(["deploy.synth"]);
  });

  it("shows what it would change before it asks, and fails on lost data unless somebody said otherwise", () => {
    expect(Object.keys(release)).toEqual(["diff", "deploy"]);
    expect(release["deploy"]).toMatchObject({ needs: "diff", environment: "${{ inputs.environment }}" });
    expect(release["diff"]).not.toHaveProperty("environment");
    expect(texts.get("release")).toContain("${{ !inputs.accept-loss && '--fail-on-loss' || '' }}");
    for (const job of Object.values(release)) {
      expect((job.steps ?? []).filter(({ uses = "" }) => uses.startsWith("actions/download-artifact@"))).toHaveLength(
        1,
      );
    }
  });
});

describe("the roles that jobs take", () => {
  const outdir = mkdtempSync(join(tmpdir(), "millrace-delivery-"));
  beforeAll(() => {
    const env = {
      PATH: process.env["PATH"],
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ duckdbLayer: "host" }),
    };
    execFileSync(process.execPath, [join(root, "bin", "app.ts")], { env, stdio: ["ignore", "ignore", "pipe"] });
  });
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  it("are those that the workflows name, trust one repository, and may take the bootstrap's roles and nothing else", () => {
    const paths = globSync("assembly-delivery/*.template.json", { cwd: outdir });
    const templates = paths.map((path) => readFileSync(join(outdir, path), "utf8"));
    const environments = ["dev", "qa", "production"];
    expect(templates).toHaveLength(environments.length);
    const all = templates.join("\n");
    for (const name of environments) {
      for (const may of ["read", "deploy"]) expect(all).toContain(`"millrace-${name}-github-${may}"`);
      expect(all).toMatch(
        new RegExp(`"token.actions.githubusercontent.com:sub": "repo:[\\w-]+/[\\w-]+:environment:${name}"`),
      );
    }
    const subjects = [...all.matchAll(/githubusercontent\.com:sub": "([^"]+)"/g)].map(([, found = ""]) => found);
    expect(subjects).toHaveLength(2 * environments.length);
    expect(subjects.filter((subject) => /[*?]/.test(subject))).toEqual([]);
    expect(new Set(subjects.map((subject) => subject.split(":")[1])).size).toBe(1);
    expect(all.match(/"Condition": \{\s*"StringEquals"/g)).toHaveLength(2 * environments.length);
    const actions = [...all.matchAll(/"Action": ("[^"]+"|\[[^\]]+\])/g)].map(([, found]) => found);
    expect(new Set(actions)).toEqual(new Set(['"sts:AssumeRoleWithWebIdentity"', '"sts:AssumeRole"']));
    const reached = new Set([...all.matchAll(/:role\/([\w-]+-role)-"/g)].map(([, found]) => found));
    expect(reached).toEqual(
      new Set(["deploy", "file-publishing", "image-publishing", "lookup"].map((kind) => `cdk-hnb659fds-${kind}-role`)),
    );
    for (const { step } of steps.filter(({ step }) => step.with?.["role-to-assume"] !== undefined)) {
      expect(String(step.with?.["role-to-assume"])).toMatch(
        /:role\/(millrace-\$\{\{ (inputs|matrix)\.environment \}\}-github-(read|deploy)|cdk-hnb659fds-lookup-role-.*)$/,
      );
    }
  });
});
