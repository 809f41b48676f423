/**
 * Works on all of them, at most `limit` at a time, and gives the results in the order of what was given. After a failure
 * nothing more is begun; it is thrown at once, while what was under way may still end.
 */
export async function atOnce<T, R>(
  all: Iterable<T>,
  limit: number,
  work: (one: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  // One generator for all workers: the first that leaves its loop by a failure ends it for the others.
  const waiting = numbered(all);
  const worker = async (): Promise<void> => {
    for (const [index, one] of waiting) results[index] = await work(one);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

function* numbered<T>(all: Iterable<T>): Generator<readonly [number, T]> {
  let index = 0;
  for (const one of all) yield [index++, one];
}
