import type { Scenario, Stage } from './scenario.ts';

const READERS = 60;
const ROUNDS = 4;
/** Each way to the origin, ms: long enough for everybody to come while the first one waits. */
const LATE_MS = 60;
/** After this, the replicas' counters are known, ms. */
const COUNTED_MS = 1_200;

const hot = (stage: Stage) => stage.ids[0] ?? 1;

export const stampede: Scenario = {
  name: 'stampede',
  title: 'Stampede',
  sentence:
    'The most wanted product changes its price, and everybody asks for it at once: how often is Postgres asked?',
  shows: { naive: 'any', guarded: 'held' },
  seed: 6,
  measure: (stage) => {
    const before = stage.originLoads();
    return () => `Postgres was asked ${stage.originLoads() - before} times for ${ROUNDS} changes`;
  },
  steps: [
    {
      text: 'All other traffic stops, and Postgres becomes slow.',
      play: async (stage) => {
        await stage.warm([hot(stage)], stage.victim());
        stage.traffic({ rps: 0 });
        await stage.fault({ kind: 'slow-origin', target: 'postgres', ms: LATE_MS, holdMs: 20_000 });
        await stage.wait(COUNTED_MS);
      },
    },
    {
      text: `The price changes, and ${READERS} people ask at once, of all replicas; ${ROUNDS} times.`,
      play: async (stage) => {
        const names = stage.replicas();
        for (let round = 0; round < ROUNDS; round++) {
          await stage.write(hot(stage));
          const readers = Array.from({ length: READERS }, (_, index) => names[index % names.length] ?? null);
          await Promise.all(readers.map((replica) => stage.read(hot(stage), replica)));
        }
        await stage.wait(COUNTED_MS);
      },
    },
  ],
};
