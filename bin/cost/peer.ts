import { COORDINATOR, OPERATIONS } from "../../core/model/platform-domains.ts";
import type { Line } from "./line.ts";
import { HOURS, priceOf, type PriceId } from "./prices.ts";
import { runsIn, type PathRuns } from "./runs.ts";
import type { Workload } from "./workload.ts";

/** What the data costs, whoever moves it: the peer pays the same. */
const SAME = new Set(["S3", "S3 Tables", "Athena", "Glue", "KMS", "Secrets Manager", "ECR"]);
const KB_PER_GB = 1e6;

/** The bill of the peer: its always-on parts, one container for every run, and the same data. */
export function peerLines(own: readonly Line[], paths: readonly PathRuns[], workload: Workload): readonly Line[] {
  const { services, run, ...peer } = workload.peer;
  const line = (what: string, price: PriceId, quantity: number, kind: Line["kind"] = "fixed"): Line => ({
    domain: "peer",
    what,
    price,
    quantity,
    kind,
  });
  const always = services.flatMap(({ name, count, vcpu, gb }) => [
    line(name, "fargateArmCpu", count * vcpu * HOURS),
    line(name, "fargateArmMemory", count * gb * HOURS),
  ]);
  // The daemon looks after its runs itself, and tells of those that fail.
  const worked = paths.filter(({ domain }) => domain !== COORDINATOR && domain !== OPERATIONS);
  const runs = runsIn(worked);
  const seconds = worked.reduce((sum, { path, runs: count }) => {
    const work = Object.values(path.seconds).reduce((total, task) => total + task, 0);
    return sum + count * (work + run.startSeconds);
  }, 0);
  const serviceHours = services.reduce((sum, { count }) => sum + count, 0) * HOURS;
  return [
    ...always,
    line("database", "postgresT3Large", peer.databaseHours),
    line("database", "postgresDisk", peer.databaseGb),
    line("NAT gateway", "nat", peer.natGateways * HOURS),
    line("NAT gateway", "natGb", peer.natGb),
    line("load balancer", "loadBalancer", HOURS),
    line("load balancer", "loadBalancerUnit", peer.loadBalancerUnits * HOURS),
    line("public addresses", "publicAddress", (peer.natGateways + 2) * HOURS),
    line("service logs", "logIngested", (serviceHours * peer.logKbPerServiceHour) / KB_PER_GB),
    line("alarms", "alarm", peer.alarms),
    line("containers of runs", "fargateArmCpu", (seconds / 3_600) * run.vcpu, "variable"),
    line("containers of runs", "fargateArmMemory", (seconds / 3_600) * run.gb, "variable"),
    line("run logs", "logIngested", (runs * peer.logKbPerRun) / KB_PER_GB, "variable"),
    ...own.filter(({ price }) => SAME.has(priceOf(price).service)).map((same) => ({ ...same, domain: "same data" })),
  ].filter(({ quantity }) => quantity > 0);
}
