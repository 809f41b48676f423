import type { Process } from "./clock.ts";
import type { World } from "./world.ts";

/** EventBridge and Lambda deliver what has failed twice more. */
const ATTEMPTS = 3;
const AGAIN_MS = 60_000;
const LATE_MS = 3 * 3_600_000;

/** Sends an event to a coordinator: at once, late, twice, or never. Late ones come in any order. */
export function post(world: World, handle: () => Process): void {
  const { random, faults } = world;
  const soon = (): number => 100 + random.next() * 1_400;
  const drawn = random.next();
  if (drawn < faults.lost) return;
  const isLate = drawn < faults.lost + faults.late;
  world.clock.after(isLate ? random.next() * LATE_MS : soon(), () => deliver(world, handle));
  if (random.next() < faults.twice) world.clock.after(random.next() * LATE_MS, () => deliver(world, handle));
}

/** Delivers it now; again when the coordinator dies over it. */
export function deliver(world: World, handle: () => Process, attempts = ATTEMPTS): void {
  world.delivered += 1;
  world.express.take(1, world.clock.now);
  world.clock.live(handle(), world.dies, () => {
    if (attempts > 1) world.clock.after(AGAIN_MS, () => deliver(world, handle, attempts - 1));
  });
}
