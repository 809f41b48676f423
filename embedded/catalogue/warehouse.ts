import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { promisify } from "node:util";
import { badRequest } from "./rest-error.ts";

const run = promisify(execFile);

/** The local folder with the data and metadata files of all tables. */
export type Warehouse = ReturnType<typeof openWarehouse>;

export function openWarehouse(dir: string) {
  const root = resolve(dir);

  /** The path of a file or folder inside the warehouse; anything else is refused. */
  const inside = (location: string): string => {
    const path = resolve(location.replace(/^file:(\/\/)?(?=\/)/, ""));
    if (!path.startsWith(root + sep)) throw badRequest(`${location} is outside the warehouse ${root}.`);
    return path;
  };

  return {
    root,
    inside,

    /** A name of its own for each table: after a rename or drop the old name is free for another one. */
    newLocation: (namespace: string, name: string): string =>
      join(root, slug(namespace), `${slug(name)}-${randomBytes(4).toString("hex")}`),

    /** DuckDB writes into these two folders and does not make them. */
    async prepare(location: string): Promise<void> {
      const path = inside(location);
      await mkdir(join(path, "data"), { recursive: true });
      await mkdir(join(path, "metadata"), { recursive: true });
      await syncFolder(path);
      await syncFolder(dirname(path));
    },

    /** Durable before it returns: the catalogue points to the file next. */
    async writeMetadata(location: string, sequence: number, text: string): Promise<string> {
      const folder = join(inside(location), "metadata");
      const path = join(folder, `${String(sequence).padStart(5, "0")}-${randomUUID()}.metadata.json`);
      const temporary = join(folder, `.${basename(path)}.tmp`);
      const file = await open(temporary, "wx");
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await syncFolder(folder);
      return path;
    },

    /**
     * Writers do not sync their data and manifest files (DuckDB closes them without), so a power cut after an
     * acknowledged commit could leave it pointing at empty files. One `sync` of the file system costs 3 ms and needs no
     * list of them; where there is no such program the commit is safe against kills, not against power cuts.
     */
    async settle(location: string): Promise<void> {
      await run("sync", ["-f", inside(location)]).catch(() => undefined);
    },

    async remove(path: string): Promise<void> {
      await rm(inside(path), { recursive: true, force: true });
    },

    async needFile(path: string): Promise<void> {
      const found = await stat(inside(path)).catch(() => undefined);
      if (found?.isFile() !== true) throw badRequest(`The file ${path} does not exist; write it before the commit.`);
    },
  };
}

const slug = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 100);

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
