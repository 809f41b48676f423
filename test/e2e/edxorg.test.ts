import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { EDXORG_TABLES } from "../../lambdas/edxorg/sources/tables.ts";
import { makeTarGz } from "../standins/make-tar.ts";
import { e2eHome } from "./home.ts";

/** Weekly archives land against one engine with the real assembly. */
const ASSET = "edxorg/raw_data/archive";
const WHOLE = "mitx-2026-01-04.tar.gz";
const CUT = "mitx-2026-01-11.tar.gz";

const { stateDir, json, settled, remove } = e2eHome("edxorg");
afterAll(remove);

test("a whole archive becomes objects and a manifest; of a cut one the manifest says so, and the run fails", async () => {
  const tables = EDXORG_TABLES.map((table) => ({
    name: `mitx/MITx-6.00x-1T2020-${table}-prod.sql`,
    text: "id\tv\n1\tx\n",
  }));
  const archive = await makeTarGz([...tables, { name: "mitx/MITx-6.00x-1T2020.mongo", text: "bson" }]);
  await json("up", "--detach");
  const objects = embeddedObjects(stateDir);
  try {
    const land = (name: string, bytes: Uint8Array) =>
      objects.put("millrace-dev-ol-landing", `sources/edxorg-archives/${name}`, bytes);
    // One after the other: whichever comes first, its members are new and the other's are not.
    await land(WHOLE, archive);
    await settled(ASSET, [[WHOLE, "materialised"]]);
    await land(CUT, archive.subarray(0, -9));
    await settled(ASSET, [
      [WHOLE, "materialised"],
      [CUT, "failed"],
    ]);
    const manifest = async (name: string) => {
      const key = `edxorg/archives/${name}/manifest.jsonl`;
      const lines = (await text(await objects.get({ bucket: "millrace-dev-ol-artifacts", key }))).trimEnd().split("\n");
      return lines.map((line) => JSON.parse(line));
    };
    expect((await manifest(WHOLE)).at(-1)).toMatchObject({ complete: true, members: 45, counts: { new: 45 } });
    expect((await manifest(CUT)).at(-1)).toMatchObject({ complete: false, reason: "gzip_truncated" });
    const landed = await objects.list("millrace-dev-ol-landing", "edxorg/raw_data/");
    expect(landed.objects).toHaveLength(45);
  } finally {
    objects.close();
  }
}, 300_000);
