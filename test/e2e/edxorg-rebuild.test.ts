import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ASSEMBLY_DIR } from "../../bin/cli/paths.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { member } from "../lake/edxorg-home.ts";
import { deployedAgain, killedEngine } from "../standins/killed-engine.ts";
import { makeTarGz } from "../standins/make-tar.ts";
import { e2eHome } from "./home.ts";

/** What the runbook says of a rebuild, step by step, with a host that dies in the middle of two of them. */
const ARCHIVE = "mitx-2026-01-04.tar.gz";
const A = "MITx-6.00x-1T2020";
const B = "MITx-8.01x-2T2021";
const TABLE = "raw.raw__edxorg__s3__tables__auth_user";
const ASSET = "edxorg/raw_tables/auth_user";
const FORGET = JSON.stringify({ job: "rebuild", confirm: "forget all tables of edx.org" });

const { folder, stateDir, json, until, settled, remove } = e2eHome("edxorg-rebuild");
const legacy = join(folder, "legacy");
const engine = killedEngine(stateDir, legacy);
afterAll(async () => {
  await engine.kill();
  await remove();
});

const rows = (): Promise<unknown[]> =>
  json(
    "query",
    `SELECT id, username, extracted_course_key AS course, _absent_since AS absent FROM ${TABLE} ORDER BY ALL`,
  );
const hashes = async (): Promise<string[]> =>
  (await json("query", `SELECT row_hash FROM ${TABLE} ORDER BY 1`)).map((row: { row_hash: string }) => row.row_hash);
const statusOf = async (run: string): Promise<string> => (await json("run", "show", run)).status;
const ended = (run: string): Promise<string> =>
  until(
    () => statusOf(run),
    (status) => status !== "running" && status !== "queued",
  );

type Lane = { id: string; running: unknown[]; queue: unknown[] };
const isIdle = (lanes: Lane[]): boolean =>
  lanes.some(({ id, running, queue }) => id === "edxorg-tables" && running.length + queue.length === 0);

test("tables are rebuilt with another row hash, though the host dies twice, and have the same rows", async () => {
  await json("up", "--detach");
  const [objects, ledger] = [embeddedObjects(stateDir), embeddedLedger(stateDir)];
  try {
    const lines = Array.from({ length: 3_000 }, (_, index) => `${index}\tuser-${index}`);
    const archive = await makeTarGz([
      member(A, "auth_user", ["id\tusername", ...lines]),
      member(B, "auth_user", ["id\tusername", "1\tann"]),
    ]);
    await objects.put("millrace-dev-ol-landing", `sources/edxorg-archives/${ARCHIVE}`, archive);
    await settled(ASSET, [[ARCHIVE, "materialised"]]);
    const [before, safe] = [await rows(), await hashes()];
    expect(before).toHaveLength(3_001);

    // 1 and 2: nothing is loaded any more, and the environment has the other hash.
    await until(() => json("lanes", "list"), isIdle);
    await json("lanes", "close", "edxorg-tables", "--reason", "rebuild");
    await json("down");
    deployedAgain(ASSEMBLY_DIR, legacy, (template) =>
      template.replaceAll(/"RowHash":\s*"safe"/g, '"RowHash": "legacy"'),
    );
    await engine.start();

    const item = { asset: ASSET, partition: ARCHIVE };
    const refused = await json("run", "start", "edxorg_tables", "--input", JSON.stringify({ job: "tables", item }));
    expect(await ended(refused.id)).toBe("failed");
    expect((await json("run", "show", refused.id)).error).toMatchObject({ code: "row_hash_changed" });

    // 3: the host dies when the first tables are forgotten.
    const forget = await json("run", "start", "edxorg_tables", "--input", FORGET);
    await until(
      async () => (await ledger.query("edxorg-table-head#auth_user", { limit: 1 })).items.length,
      (heads) => heads === 0,
    );
    await engine.kill();
    await engine.start();
    expect(await ended(forget.id)).toBe("succeeded");
    expect(await ledger.get("edxorg-row-hash", "tables")).toBeUndefined();

    // 4: it dies once more, while the archive's tables are loaded.
    await json("lanes", "open", "edxorg-tables");
    await json("rerun", "edxorg/raw_data/archive", ARCHIVE);
    await until(
      async () => (await ledger.query("edxorg-table-object#auth_user", { limit: 1 })).items.length,
      (known) => known > 0,
    );
    await engine.kill();
    await engine.start();
    await until(
      async () => (await ledger.query("edxorg-table-head#auth_user", { limit: 9 })).items.length,
      (heads) => heads === 2,
    );
    await settled(ASSET, [[ARCHIVE, "materialised"]]);

    expect(await rows()).toEqual(before);
    const after = await hashes();
    expect(new Set(after)).toHaveLength(3_001);
    expect(new Set([...safe, ...after])).toHaveLength(6_002);
  } finally {
    objects.close();
    ledger.close();
  }
}, 600_000);
