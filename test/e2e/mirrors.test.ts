import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeSecret } from "../../core/io/embedded/secrets.ts";
import { startGcs, type GcsStandIn } from "../standins/gcs.ts";
import { makeTarGz } from "../standins/make-tar.ts";
import { e2eHome } from "./home.ts";

/** What edX keeps at Google, brought here by one engine with the real assembly, and what follows from that. */
const ARCHIVE = "mitx-2026-01-04.tar.gz";

const { stateDir, json, until, settled, remove } = e2eHome("mirrors");
let gcs: GcsStandIn;
beforeAll(async () => {
  gcs = await startGcs();
  await writeSecret(stateDir, "gcs/edxorg", gcs.secret);
  const origin = { kind: "gcs", bucket: "edx", secret: "gcs/edxorg", endpoint: gcs.endpoint };
  writeFileSync(join(stateDir, "origins.json"), JSON.stringify({ "edxorg-gcs-archives": origin }));
});
afterAll(async () => {
  await remove();
  await gcs.close();
});

async function copied(mirror: string) {
  const { id } = await json("run", "start", "mirrors", "--input", JSON.stringify({ job: "copy", mirror }));
  return until(
    () => json("run", "show", id),
    ({ status }) => status !== "running",
  );
}

test("an archive and a log at Google are found, copied, unpacked and loaded; a second look finds nothing new", async () => {
  gcs.put(
    "edx",
    `COLD/${ARCHIVE}`,
    await makeTarGz([{ name: "MITx-6.00x-1T2020-auth_user-prod.sql", text: "id\n1\n" }]),
  );
  const line = JSON.stringify({ username: "ada", event_type: "x", time: "2026-01-05T10:00:00Z" });
  gcs.put("edx", "COLD/mitx-edx-events-2026-01-05.log.gz", gzipSync(`${line}\n`));
  gcs.fault({ call: "list", status: 503 });
  await json("up", "--detach");
  expect(await copied("edxorg_archives")).toMatchObject({ status: "succeeded", output: { copied: 1 } });
  expect(await copied("edxorg_tracking_logs")).toMatchObject({ status: "succeeded", output: { copied: 1 } });
  await settled("edxorg/raw_data/archive", [[ARCHIVE, "materialised"]]);
  const rows = await until(
    () => json("query", "select username, log_date, source_file from raw.raw__edxorg__s3__tracking_logs"),
    (found) => Array.isArray(found) && found.length === 1,
  );
  expect(rows[0]).toMatchObject({
    username: "ada",
    source_file: expect.stringMatching(/COLD\/mitx-edx-events-2026-01-05/),
  });
  expect(await copied("edxorg_archives")).toMatchObject({ output: { copied: 0, known: 1 } });
  expect(await copied("program_reports")).toMatchObject({ status: "failed", error: { code: "origin_missing" } });
}, 300_000);

test("a log that Google has only a part of fails, gives its complete lines to whoever salvages it, and is replaced by the whole", async () => {
  const [asset, partition] = ["edxorg/raw_data/tracking_logs", "COLD/mitx-edx-events-2026-01-06"];
  const lines = Array.from(
    { length: 500 },
    () => `{"username":"${randomUUID()}","event_type":"x","time":"2026-01-06T10:00:00Z"}\n`,
  ).join("");
  const whole = gzipSync(lines);
  const status = async () =>
    (await json("partitions", asset)).items.find((one: Record<string, string>) => one["partition"] === partition)
      ?.status;
  const rows = async (): Promise<number> => {
    const found = await json(
      "query",
      "select count(*)::int n from raw.raw__edxorg__s3__tracking_logs where log_date = '2026-01-06'",
    );
    return found[0].n;
  };
  gcs.put("edx", `${partition}.log.gz`, whole.subarray(0, -2_000));
  expect(await copied("edxorg_tracking_logs")).toMatchObject({ output: { copied: 1 } });
  await until(status, (found) => found === "failed");
  const { run } = await json("salvage", asset, partition, "--author", "ada");
  const salvaged = await until(
    () => json("run", "show", run),
    ({ status: found }) => found !== "running" && found !== "queued",
  );
  expect(salvaged).toMatchObject({ status: "succeeded", output: { truncated: true, counts: { quarantined: 0 } } });
  const some = await until(rows, (count) => count > 0);
  expect(some).toBeLessThan(500);
  gcs.put("edx", `${partition}.log.gz`, whole);
  expect(await copied("edxorg_tracking_logs")).toMatchObject({ output: { copied: 1 } });
  expect(await until(rows, (count) => count === 500)).toBe(500);
  expect(await json("salvage", "edxorg/raw_data/archive", ARCHIVE, "--author", "ada")).toMatchObject({
    error: { message: expect.stringContaining("no tracking log") },
  });
}, 300_000);
