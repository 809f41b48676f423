import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export const root = join(import.meta.dirname, "..", "..");

export interface Module {
  /** Path relative to the repository. */
  readonly path: string;
  readonly lines: number;
  /** Without comments. */
  readonly code: string;
  /** Imported files of the repository, relative to it. */
  readonly files: readonly string[];
  /** Imported packages and `node:` modules, without paths inside them. */
  readonly packages: readonly string[];
}

const FOLDERS = "{bin,lib,core,lambdas,state-machines,embedded,bench,test}";

/**
 * Static, dynamic and re-exporting imports. A pattern, since TypeScript 7 has no parser to call from JavaScript and
 * the graph tools that exist report success on its files with zero modules.
 */
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"`]*?\bfrom\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;

/** Every TypeScript module of the repository with what it imports. */
export const modules = (): readonly Module[] =>
  globSync(`${FOLDERS}/**/*.ts`, { cwd: root }).map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const code = withoutComments(text);
    const specifiers = [...code.matchAll(IMPORT)].map(([, a, b, c]) => a ?? b ?? c ?? "");
    const files = specifiers.filter((name) => name.startsWith("."));
    return {
      path,
      lines: text.split("\n").length,
      code,
      files: files.map((name) => relative(root, join(root, dirname(path), name))),
      packages: specifiers.filter((name) => !name.startsWith(".")).map(packageOf),
    };
  });

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

const packageOf = (specifier: string): string =>
  specifier.startsWith("node:")
    ? specifier
    : specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");

export const exists = (path: string): boolean => existsSync(join(root, path));
