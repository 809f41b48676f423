import { follow, observeUpstream, sweep, tick } from "./coordinator.ts";
import { post } from "./post.ts";
import { type Asset, type Item, versionText, type World, YEAR_MS } from "./world.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** Shares of all runs that a release, and that a backfill, ask for in waves. */
const RELEASED = 0.2;
const BACKFILLED = 0.1;
/** Nothing new comes in the last days: what there is then has to come to rest. */
const QUIET_MINUTES = 3 * DAY_MINUTES;
const SWEEP_AT = 5 * 60;

/** Plans the year minute by minute, so that it brings as many runs as were wished for. */
export function plan(world: World, runs: number): void {
  const { clock, random, assets, items } = world;
  const minutes = YEAR_MS / MINUTE_MS - QUIET_MINUTES;
  const each = items.length / assets.length;
  const wave = (count: number, start: (asset: Asset, number: number) => void): void => {
    for (let number = 0; number < count; number += 1) {
      const asset = assets[number % assets.length];
      if (asset !== undefined) clock.after(random.next() * minutes * MINUTE_MS, () => start(asset, number));
    }
  };
  wave(Math.floor((RELEASED * runs) / each), (asset) => release(world, asset));
  wave(Math.floor((BACKFILLED * runs) / (each / 2)), (asset, number) => backfill(world, asset, number));
  const sources = items.filter(({ above }) => above === undefined);
  let minute = 0;
  let owed = 0;
  const next = (): void => {
    minute += 1;
    const ofDay = minute % DAY_MINUTES;
    clock.live(tick(world), world.dies);
    if (ofDay === SWEEP_AT) sweep(world);
    if (ofDay === 0 && random.next() < 0.1) slow(world);
    if (minute < minutes) {
      const waves = (RELEASED + BACKFILLED) * runs * (1 - minute / minutes);
      const left = runs - world.runs - world.requests.size - waves;
      owed += Math.max(0, left / (minutes - minute)) * busy(ofDay / 60) * 0.8;
      for (; owed >= 1; owed -= 1) clock.after(random.next() * MINUTE_MS, () => change(world, sources));
      // So many at once as arrive with one export.
      if (random.next() < 0.001) {
        const burst = Math.min(items.length / 100, Math.max(0, left));
        for (let index = 0; index < burst; index += 1) {
          clock.after(random.next() * 10_000, () => change(world, sources));
        }
      }
    }
    if (clock.now + MINUTE_MS < world.end) clock.after(MINUTE_MS, next);
  };
  clock.after(MINUTE_MS, next);
}

/** Exports land at night, people work by day; about 1 on average. */
const busy = (hour: number): number => (hour >= 2 && hour < 5 ? 4 : hour >= 8 && hour < 18 ? 0.9 : 0.3);

/** The upstream of an item changes; a few courses change all the time. Or somebody asks for a run. */
function change(world: World, sources: readonly Item[]): void {
  const { random } = world;
  const hot = random.next() < 0.2;
  const item = sources[Math.floor(random.next() * (hot ? Math.ceil(sources.length / 100) : sources.length))];
  if (item === undefined) return;
  if (random.next() < 0.01) {
    const id = `manual-${Math.floor(random.next() * 2 ** 32)}-${item.state.requests}`;
    post(world, () => follow(world, item, { type: "requested", ask: { id, reason: "manual" } }));
    return;
  }
  item.truth = versionText(Number(item.truth.slice(1)) + 1);
  post(world, observeUpstream(world, item));
}

function release(world: World, asset: Asset): void {
  asset.codeVersion = versionText(Number(asset.codeVersion.slice(1)) + 1);
  const version = asset.codeVersion;
  for (const [index, item] of asset.items.entries()) {
    world.clock.after(index * 20, () => {
      const at = Math.round(world.clock.now);
      post(world, () => follow(world, item, { type: "code-version", version, at }));
    });
  }
}

function backfill(world: World, asset: Asset, number: number): void {
  const group = `backfill-${number}`;
  const chosen = asset.items.filter(({ state }, index) => index % 2 === number % 2 || state.success === null);
  for (const [index, item] of chosen.entries()) {
    const ask = { id: `${group}-${item.key.partition}`, reason: "backfill" as const, group };
    world.clock.after(index * 50, () => post(world, () => follow(world, item, { type: "requested", ask })));
  }
}

function slow({ assets, random, clock }: World): void {
  const asset = random.pick(assets);
  if (asset !== undefined) asset.slowUntil = clock.now + (2 + 10 * random.next()) * 60 * MINUTE_MS;
}
