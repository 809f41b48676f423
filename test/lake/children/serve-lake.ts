import { createServer } from "node:http";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { createCatalogue } from "../../../embedded/catalogue/catalogue.ts";

/** Serves the catalogue of a folder on a port; says `up` once it listens. */
const [folder = "", port = "0"] = process.argv.slice(2);
const catalogue = createCatalogue({ file: join(folder, "catalogue.db"), warehouseDir: join(folder, "warehouse") });
createServer(catalogue.handler).listen(Number(port), "127.0.0.1", () => void writeSync(1, "up\n"));
