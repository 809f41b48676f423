import { gcsOrigin } from "../../core/io/origins/gcs.ts";
import { webOrigin } from "../../core/io/origins/web.ts";
import { startGcs } from "../standins/gcs.ts";
import { startWebFiles } from "../standins/web-files.ts";
import { bucketHome } from "./bucket-origins.ts";
import { embeddedObjectsHome } from "./embedded-homes.ts";
import { originsContract } from "./origins-contract.ts";

const sleep = async (): Promise<void> => undefined;

originsContract({
  name: "GCS stand-in, two a page",
  open: async () => {
    const gcs = await startGcs({ pageSize: 2 });
    gcs.put("archives", "other", "x");
    const secrets = { read: async () => gcs.secret };
    const declared = { kind: "gcs", bucket: "archives", secret: "gcs/edxorg", endpoint: gcs.endpoint } as const;
    return {
      port: gcsOrigin("archives", declared, { secrets, sleep }),
      put: async (name, bytes) => void gcs.put("archives", name, bytes),
      sums: ["md5", "crc32c"],
      close: gcs.close,
    };
  },
});

for (const tags of [true, false]) {
  originsContract({
    name: tags ? "web server with ETags" : "web server with dates only",
    open: async () => {
      const server = await startWebFiles({ tags });
      const files = ["a/3", "a/1", "a/2 é+&?", "b/1", "never/there"];
      return {
        port: webOrigin("files", { kind: "http", address: server.address, files }, { sleep }),
        put: async (name, bytes) => server.put(name, bytes),
        sums: [],
        close: server.close,
      };
    },
  });
}

originsContract(bucketHome(embeddedObjectsHome, "a bucket of one machine", false));
