import { malformed, shown, type StructureBlock } from "./document.ts";

export interface Place {
  /** Depth-first from the course = 1; 0 = nothing leads there. */
  readonly index: number;
  /** If several, the last in document order. */
  readonly parent: string | null;
}

/**
 * Where each block stands. Children that the document does not hold (content of libraries) take no number; a block with
 * several parents is numbered where it is met first. Throws Malformed `structure_cycle`, reachable or not.
 */
export function placesOf(blocks: readonly StructureBlock[]): ReadonlyMap<string, Place> {
  const byId = new Map(blocks.map((block) => [block.id, block]));
  const parents = new Map<string, string>();
  for (const { id, children } of blocks) {
    for (const child of children) if (byId.has(child)) parents.set(child, id);
  }
  const met: string[] = [];
  const state = new Map<string, "open" | "done">();
  const walk = (from: StructureBlock): void => {
    // A list instead of recursion: a chain of blocks may be as long as the document.
    const path = [{ block: from, next: 0 }];
    state.set(from.id, "open");
    met.push(from.id);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const id = top.block.children[top.next];
      top.next += 1;
      if (id === undefined) {
        state.set(top.block.id, "done");
        path.pop();
        continue;
      }
      const child = byId.get(id);
      if (child === undefined || state.get(id) === "done") continue;
      if (state.get(id) === "open") throw cycle(id);
      state.set(id, "open");
      met.push(id);
      path.push({ block: child, next: 0 });
    }
  };
  const course = courseOf(blocks);
  if (course !== undefined) walk(course);
  const numbers = new Map(met.map((id, index) => [id, index + 1]));
  for (const block of blocks) if (!state.has(block.id)) walk(block);
  return new Map(
    blocks.map(({ id }) => [id, { index: numbers.get(id) ?? 0, parent: parents.get(id) ?? null }] as const),
  );
}

export const courseOf = (blocks: readonly StructureBlock[]): StructureBlock | undefined =>
  blocks.find(({ type }) => type === "course");

const cycle = (id: string) =>
  malformed("structure_cycle", `The block ${shown(id)} contains itself.`, { block: id.slice(0, 300) });
