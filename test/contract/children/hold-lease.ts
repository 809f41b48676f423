import { writeSync } from "node:fs";
import { embeddedLedger } from "../../../core/io/embedded/ledger.ts";
import { withLease } from "../../../core/io/lease.ts";

/** Takes the lease `rounds` times (0 = hold it until killed) and says when it is inside and when it leaves. */
const [folder = "", name = "", rounds = "0"] = process.argv.slice(2);
const ledger = embeddedLedger(folder);
const say = (what: string, fence: number): void => void writeSync(1, `${what} ${fence}\n`);

for (let round = 0; round < Math.max(1, Number(rounds)); round += 1) {
  await withLease(ledger, "shared", { holder: name, ttlSeconds: 2, waitSeconds: 60 }, async (lease) => {
    say("in", lease.fence);
    await new Promise((done) => setTimeout(done, rounds === "0" ? 600_000 : 5));
    await lease.check();
    // The counter is not guarded by a revision: only the lease keeps updates from being lost.
    const count = Number((await ledger.get("counter", "all"))?.data ?? 0);
    await new Promise((done) => setTimeout(done, 2));
    await ledger.write([{ put: { pk: "counter", sk: "all", data: count + 1 }, if: { any: true } }]);
    say("out", lease.fence);
  });
}
