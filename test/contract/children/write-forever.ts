import { writeSync } from "node:fs";
import { embeddedLedger } from "../../../core/io/embedded/ledger.ts";

/** Writes pairs of items, each pair in one transaction, until it is killed; says each pair that was acknowledged. */
const [folder = "", name = ""] = process.argv.slice(2);
const ledger = embeddedLedger(folder);

for (let index = 0; ; index += 1) {
  await ledger.write(
    ["left", "right"].map((side) => ({
      put: { pk: side, sk: `${name}/${index}`, data: { index, pad: "x".repeat(index % 5_000) } },
      if: { absent: true } as const,
    })),
  );
  writeSync(1, `${name}/${index}\n`);
}
