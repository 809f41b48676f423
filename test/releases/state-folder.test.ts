import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { assets } from "../../bin/cli/verbs/assets.ts";
import { readDeliveries } from "../../bin/cli/verbs/deliveries.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { findEngine, type EngineClient } from "../../embedded/control/client.ts";
import { prepareStateFolder } from "../../embedded/server/state-folder.ts";
import { startHome, type Home } from "../../embedded/server.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { writeTinyAssembly } from "../standins/tiny-assembly.ts";
import { writeOldDatabases } from "./old-ledger.ts";

const MARK = "millrace-state.json";
const folder = temporaryFolder();
const dir = (name: string): string => {
  mkdirSync(join(folder.path, name), { recursive: true });
  return join(folder.path, name);
};
afterAll(() => folder.remove());

/** Tables and indexes with their columns, as SQLite has them, without the spelling. */
function schemaOf(file: string): Readonly<Record<string, unknown>> {
  const db = new DatabaseSync(file, { readOnly: true });
  const version = db.prepare("PRAGMA user_version").get()?.["user_version"];
  const entries = db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").all();
  db.close();
  return Object.fromEntries([
    ["user_version", version],
    ...entries.map(({ name, sql }) => [
      String(name),
      String(sql)
        .replaceAll(/\s+/g, " ")
        .replaceAll(/\( | (?=\))/g, (m) => m.trim()),
    ]),
  ]);
}

describe("a state folder of release 0.1", () => {
  const old = dir("old");
  let home: Home;
  let engine: EngineClient;
  beforeAll(async () => {
    writeFileSync(join(old, MARK), '{"millrace":"state","version":1}\n');
    writeOldDatabases(old);
    home = await start(old);
    engine = (await findEngine(old)) ?? missing();
  });
  afterAll(() => home.stop());

  it("opens, and shows its assets and deliveries", async () => {
    const results: unknown[] = [];
    const out = { json: true, result: (value: unknown) => void results.push(value), note: () => undefined };
    await assets.run(
      { args: [], options: {} },
      { out, stateDir: old, environment: undefined, engine: async () => engine },
    );
    expect(
      z
        .array(z.object({ asset: z.string() }))
        .parse(results[0])
        .map(({ asset }) => asset),
    ).toEqual([
      "lakehouse/marts",
      "mitxonline/openedx/raw_data/course_xml",
      "mitxonline/openedx/raw_data/tracking_logs",
    ]);
    expect(await readDeliveries(engine)).toMatchObject([{ state: "delivered", attempts: 1 }]);
  });

  it("has the databases that a new folder gets: what differs needs a migration, or another format", async () => {
    const fresh = dir("fresh");
    await (await start(fresh)).stop();
    // Opened with the first object only.
    for (const stateDir of [old, fresh]) embeddedObjects(stateDir).close();
    const files = readdirSync(fresh).filter((name) => name.endsWith(".db"));
    expect(files.length).toBeGreaterThan(4);
    const schemas = (stateDir: string) =>
      Object.fromEntries(files.map((file) => [file, schemaOf(join(stateDir, file))]));
    expect(schemas(old)).toEqual(schemas(fresh));
  });
});

describe("the format of a state folder", () => {
  it("is written into a new one, which opens again", () => {
    const fresh = dir("marked");
    prepareStateFolder(fresh);
    prepareStateFolder(fresh);
    expect(readdirSync(fresh)).toEqual([MARK]);
    // Killed between making and writing it.
    writeFileSync(join(fresh, MARK), "");
    prepareStateFolder(fresh);
    expect(readFileSync(join(fresh, MARK), "utf8")).toBe('{"millrace":"state","version":1}\n');
  });

  it.each([
    [
      "a newer Millrace's",
      '{"millrace":"state","version":2,"more":true}',
      /written by a newer Millrace \(format 2; this one knows 1\)/,
    ],
    ["a damaged mark's", '{"millrace":', /does not say which format/],
  ])("is refused before anything is opened when it is %s", async (_, mark, message) => {
    const refused = dir("refused");
    writeFileSync(join(refused, MARK), mark);
    await expect(start(refused)).rejects.toThrow(message);
    expect(readdirSync(refused)).toEqual([MARK]);
  });
});

const start = (stateDir: string): Promise<Home> =>
  startHome({
    stateDir,
    assemblyDir: writeTinyAssembly(join(folder.path, "assembly"), {
      // The settings of an assembly are those of its functions.
      functions: { Nothing: { code: "exports.handler = async () => null;" } },
      machines: { landed: { StartAt: "Done", States: { Done: { Type: "Succeed" } } } },
    }),
    environment: "dev",
    port: 0,
    duckdbExtensions: folder.path,
    toolPath: [],
    onFatal: (error) => {
      throw error;
    },
    log: () => undefined,
  });

function missing(): never {
  throw new Error("The engine does not answer.");
}
