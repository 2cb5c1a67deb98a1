import { setImmediate as turn } from 'node:timers/promises';

/** One thing that is measured; it answers one figure, and is asked again each round. */
export interface Subject {
  readonly name: string;
  readonly measure: () => number | Promise<number>;
}

/**
 * Measures every subject once a round, beside each other in time, in turns first and last. A round before them all gets
 * code compiled and connections open, and does not count.
 */
export async function interleave(
  subjects: readonly Subject[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const measured = new Map(subjects.map(({ name }) => [name, [] as number[]]));
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 === 1 ? [...subjects].reverse() : subjects;
    for (const { name, measure } of order) {
      // Timers and sockets of what is measured, and of the cache's beat, get their turn in between.
      await turn();
      const figure = await measure();
      if (round >= 0) measured.get(name)?.push(figure);
    }
  }
  return measured;
}
