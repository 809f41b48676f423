import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";
import * as z from "zod";
import type { Pipeline, TaskDeclaration } from "../../core/model/pipeline.ts";

/** A folder that holds `index.js` (CommonJS) and is named by what is in it. */
export interface Bundle {
  readonly directory: string;
  /** sha256, hex: the same content has the same hash on every machine. */
  readonly hash: string;
}

export type Bundles = (task: TaskDeclaration) => Bundle;

/** Native code cannot be bundled: DuckDB comes from the layer, from the image, or from this repository. */
const EXTERNAL = ["@duckdb/node-api"];

const OPTIONS = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  minify: true,
  legalComments: "none",
  // The ES modules of the AWS SDK can be shaken: its CommonJS build makes every bundle about a third larger.
  mainFields: ["module", "main"],
  external: EXTERNAL,
  // A task's threads run the bundle too, from where it lies; CommonJS has no other word for that place.
  define: { "import.meta.url": "bundleUrl" },
  banner: { js: 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
  tsconfigRaw: {},
  logLevel: "warning",
} as const satisfies BuildOptions;

/** In one repository the folder above says `"type": "module"`; the bundle is CommonJS wherever it lies. */
const PACKAGE_JSON = '{"type":"commonjs"}\n';

const Cached = z.object({ hash: z.string(), inputs: z.record(z.string(), z.string()) });
const Cache = z.object({ recipe: z.string(), entries: z.record(z.string(), Cached) });

const entryOf = (task: TaskDeclaration): string => `${task.compute.kind}:${task.handler}`;

/**
 * Bundles every task of the pipelines once. A bundle whose own sources did not change since the last time is taken
 * from `.tools/bundles`; installed packages are represented by the lock file, since reading them all costs more
 * than bundling one task.
 */
export async function bundleTasks(pipelines: readonly Pipeline[], root: string): Promise<Bundles> {
  const store = join(root, ".tools", "bundles");
  const entries = [...new Set(pipelines.flatMap((pipeline) => Object.values(pipeline.tasks).map(entryOf)))];
  // This file decides how bundles are made, so another version of it makes all of them anew.
  const recipe = sha256(
    readFileSync(import.meta.filename, "utf8") + readFileSync(join(root, "package-lock.json"), "utf8"),
  );
  const cached = readCache(store, recipe);
  const digest = memoise((path: string) =>
    existsSync(join(root, path)) ? sha256(readFileSync(join(root, path))) : "",
  );
  const fresh = (entry: string): boolean => {
    const known = cached.get(entry);
    return (
      known !== undefined &&
      existsSync(join(store, known.hash, "index.js")) &&
      Object.entries(known.inputs).every(([path, hash]) => digest(path) === hash)
    );
  };
  const stale = entries.filter((entry) => !fresh(entry));
  if (stale.length > 0) {
    for (const [entry, built] of await buildEntries(stale, root, store, digest)) cached.set(entry, built);
    const text = JSON.stringify({ recipe, entries: Object.fromEntries(cached) });
    writeWhole(join(store, "cache.json"), text);
  }
  return (task) => {
    const known = cached.get(entryOf(task));
    if (known === undefined)
      throw new Error(`The handler lambdas/${task.handler}.ts was not bundled: no pipeline declares it.`);
    return task.compute.kind === "lambda"
      ? { hash: known.hash, directory: join(store, known.hash) }
      : containerContext(root, join(store, known.hash), known.hash, task.compute.container);
  };
}

async function buildEntries(
  entries: readonly string[],
  root: string,
  store: string,
  digest: (path: string) => string,
): Promise<Map<string, z.infer<typeof Cached>>> {
  const outOf = new Map(entries.map((entry, index) => [`task-${index}.js`, entry]));
  const result = await build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: entries.map((entry, index) => ({ in: entry, out: `task-${index}` })),
    outdir: store,
    write: false,
    metafile: true,
    plugins: [entryPlugin(root)],
  });
  const built = new Map<string, z.infer<typeof Cached>>();
  for (const file of result.outputFiles) {
    const entry = outOf.get(relative(store, file.path));
    const meta = result.metafile.outputs[relative(root, file.path)];
    if (entry === undefined || meta === undefined) throw new Error(`esbuild wrote an unknown file ${file.path}.`);
    const own = Object.keys(meta.inputs).filter(
      (path) => !path.includes("node_modules/") && existsSync(join(root, path)),
    );
    const hash = sha256(file.contents);
    putFolder(join(store, hash), (folder) => {
      writeFileSync(join(folder, "index.js"), file.contents);
      writeFileSync(join(folder, "package.json"), PACKAGE_JSON);
    });
    built.set(entry, { hash, inputs: Object.fromEntries(own.map((path) => [path, digest(path)])) });
  }
  return built;
}

/** A Lambda exports its handler; a container calls it once and answers through the task token. */
function entryPlugin(root: string): Plugin {
  return {
    name: "task-entry",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(lambda|fargate):/ }, ({ path }) => ({ path, namespace: "task-entry" }));
      onLoad({ filter: /./, namespace: "task-entry" }, ({ path }) => {
        const [kind, handler] = path.split(":");
        const file = JSON.stringify(`./lambdas/${handler}.ts`);
        const contents =
          kind === "lambda"
            ? `export { handler } from ${file};`
            : `import { isMainThread } from "node:worker_threads"; import { handler } from ${file}; import { serve } from "./core/fargate.ts"; if (isMainThread) void serve(handler);`;
        return { contents, resolveDir: root, loader: "ts" };
      });
    },
  };
}

/**
 * The build context of an image: the bundle, the Dockerfile's folder, and the folders of the repository that
 * `containers/<name>/context.json` lists.
 */
function containerContext(root: string, bundle: string, bundleHash: string, container: string): Bundle {
  const source = join(root, "containers", container);
  if (!existsSync(join(source, "Dockerfile"))) {
    throw new Error(`containers/${container}/Dockerfile is missing: a Fargate task declares this container.`);
  }
  const list = join(source, "context.json");
  const folders = existsSync(list) ? z.array(z.string()).parse(JSON.parse(readFileSync(list, "utf8"))) : [];
  const parts = [source, ...folders.map((folder) => join(root, folder))];
  const hash = sha256([bundleHash, ...parts.map(folderDigest)].join("\n"));
  const directory = join(root, ".tools", "contexts", hash);
  putFolder(directory, (folder) => {
    cpSync(source, folder, { recursive: true });
    for (const name of folders) cpSync(join(root, name), join(folder, name), { recursive: true, filter: isSource });
    cpSync(bundle, folder, { recursive: true });
  });
  return { directory, hash };
}

/** What a tool leaves behind in its own project is not part of it. */
const isSource = (path: string): boolean => !/(^|\/)(target|logs|__pycache__|\.user\.yml)$/.test(path);

function folderDigest(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.split("/").every(isSource) && statSync(join(folder, path)).isFile())
    .sort();
  return sha256(files.map((path) => `${path}\0${sha256(readFileSync(join(folder, path)))}`).join("\n"));
}

/** Two synths at the same time may want the same folder: the first complete one stays. */
function putFolder(path: string, fill: (folder: string) => void): void {
  if (existsSync(path)) return;
  const draft = `${path}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  fill(draft);
  try {
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

/** A cache that cannot be read, or that another recipe made, is no cache. */
function readCache(store: string, recipe: string): Map<string, z.infer<typeof Cached>> {
  const path = join(store, "cache.json");
  mkdirSync(store, { recursive: true });
  if (!existsSync(path)) return new Map();
  const cache = Cache.safeParse(JSON.parse(readFileSync(path, "utf8")));
  return new Map(cache.success && cache.data.recipe === recipe ? Object.entries(cache.data.entries) : []);
}

const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

function memoise(compute: (key: string) => string): (key: string) => string {
  const known = new Map<string, string>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}
