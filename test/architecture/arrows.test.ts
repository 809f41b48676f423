import { describe, expect, it } from "vitest";
import { domains } from "../../state-machines/index.ts";
import { exists, modules, type Module } from "./modules.ts";

const all = modules();
const isTest = ({ path }: Module): boolean => path.endsWith(".test.ts") || /^(test|bench)\//.test(path);
const product = all.filter((module) => !isTest(module));

interface Arrow {
  readonly from: RegExp;
  /** Files of the repository that may be imported. */
  readonly to: readonly RegExp[];
  readonly reason: string;
}

/** Read from top to bottom: the first that matches a file is its rule. */
const ARROWS: readonly Arrow[] = [
  {
    from: /^core\/model\//,
    to: [/^core\/model\//],
    reason: "the vocabulary is pure: everything may import it, so it imports nothing",
  },
  { from: /^core\//, to: [/^core\//], reason: "what all tasks share knows neither a task nor a home's server" },
  {
    from: /^lib\//,
    to: [/^lib\//, /^core\/model\//, /^core\/io\/settings\.ts$/],
    reason:
      "infrastructure names no domain and runs nothing; settings.ts holds the names that it writes and tasks read",
  },
  {
    from: /^state-machines\//,
    to: [/^state-machines\//, /^core\/model\//, /^lambdas\/[a-z-]+\/sources\//],
    reason: "a declaration is pure data, with the list of its sources at most",
  },
  {
    from: /^lambdas\//,
    to: [/^lambdas\//, /^core\//],
    reason: "a task knows its ports, not who started it nor where it runs",
  },
  {
    from: /^embedded\//,
    to: [/^embedded\//, /^core\//],
    reason: "the engine reads what it runs from cdk.out; it knows no domain",
  },
  {
    from: /^bin\//,
    to: [/^(bin|lib|state-machines|embedded|core)\//],
    reason: "commands put things together and run no task themselves",
  },
];

describe("the arrows between folders", () => {
  it("were looked for in all modules", () => {
    // A graph tool that reports zero modules has failed.
    for (const { from } of ARROWS)
      expect(product.filter(({ path }) => from.test(path)).length, String(from)).toBeGreaterThan(0);
    expect(product.flatMap(({ files }) => files).length).toBeGreaterThan(product.length);
    expect(product.filter(({ path }) => !ARROWS.some(({ from }) => from.test(path)))).toEqual([]);
  });

  it("lead to files that exist", () => {
    expect(
      all.flatMap(({ path, files }) => files.filter((file) => !exists(file)).map((file) => `${path} -> ${file}`)),
    ).toEqual([]);
  });

  it("point one way", () => {
    const wrong = product.flatMap(({ path, files }) => {
      const arrow = ARROWS.find(({ from }) => from.test(path));
      if (arrow === undefined) return [];
      return files
        .filter((file) => !arrow.to.some((target) => target.test(file)))
        .map((file) => `${path} imports ${file}: ${arrow.reason}`);
    });
    expect(wrong).toEqual([]);
  });

  it("do not lead from one domain into another, but to its list of sources", () => {
    const folders = domains.map(({ pipeline: { domain } }) => domain.replaceAll("_", "-"));
    const wrong = product.flatMap(({ path, files }) =>
      folders.flatMap((folder) =>
        path.startsWith("lambdas/") && !path.startsWith(`lambdas/${folder}/`)
          ? files
              .filter((file) => file.startsWith(`lambdas/${folder}/`) && !file.includes("/sources/"))
              .map((file) => `${path} imports ${file}: domains talk by events, never by each other's code`)
          : [],
      ),
    );
    expect(wrong).toEqual([]);
  });
});

describe("packages", () => {
  const KEPT: readonly { readonly packages: RegExp; readonly by: RegExp; readonly reason: string }[] = [
    {
      packages: /^@(aws-sdk|smithy)\//,
      by: /^core\/io\//,
      reason: "go through the ports, so that one machine can run it too",
    },
    { packages: /^@duckdb\//, by: /^core\/io\//, reason: "core/io/duckdb.ts sets limits and extensions" },
    {
      packages: /^(aws-cdk-lib|constructs|cdk-nag)$/,
      by: /^(lib|bin)\//,
      reason: "what runs must not carry infrastructure",
    },
    { packages: /^(esbuild|asl-validator)$/, by: /^(lib|bin)\//, reason: "tools of the build do not run in a task" },
    {
      packages: /^node:sqlite$/,
      by: /^(core\/io\/embedded|embedded)\//,
      reason: "files are the state of one machine only",
    },
  ];

  it.each(KEPT)("$packages stay in $by", ({ packages, by, reason }) => {
    const users = product.filter((module) => module.packages.some((name) => packages.test(name)));
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter(({ path }) => !by.test(path)).map(({ path }) => `${path}: ${reason}`)).toEqual([]);
  });

  it("core/model does no I/O", () => {
    // @slack/types has no code that is needed at run time: it is the shape of messages.
    // node:zlib packs texts in memory.
    const pure = new Set(["zod", "node:crypto", "node:zlib", "@slack/types"]);
    const wrong = product
      .filter(({ path }) => path.startsWith("core/model/"))
      .flatMap(({ path, packages }) =>
        packages.filter((name) => !pure.has(name)).map((name) => `${path} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it("zod comes as a namespace: the named import carries its 50 languages into every bundle, 370 KB", () => {
    const named = product.filter(({ code }) => /import \{[^}]*\bz\b[^}]*\} from "zod"/.test(code));
    expect(named.map(({ path }) => `${path}: write import * as z from "zod"`)).toEqual([]);
  });
});
