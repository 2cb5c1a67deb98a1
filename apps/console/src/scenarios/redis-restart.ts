import type { Scenario } from './scenario.ts';

const DOWN_MS = 2_500;
const READY_MS = 20_000;

export const redisRestart: Scenario = {
  name: 'redis-restart',
  title: 'Redis restart',
  sentence: 'Redis is gone for two and a half seconds, while people go on reading and writing.',
  shows: { naive: 'violated', guarded: 'held' },
  seed: 5,
  steps: [
    {
      text: 'Every replica has the products of the matrix in its own memory; then Redis is killed.',
      play: async (stage) => {
        for (const replica of stage.replicas()) await stage.warm(stage.ids, replica);
        await stage.fault({ kind: 'restart-redis', target: 'redis', holdMs: DOWN_MS });
      },
    },
    {
      text: {
        naive: 'Prices change all the same: the writes succeed, and nobody can be told.',
        guarded: 'A write that Redis cannot be told of is refused before anything is committed; reads go to Postgres.',
      },
      play: async (stage) => {
        const [writer] = stage.replicas();
        for (const id of stage.ids) await stage.write(id, writer ?? null);
        await stage.readFor(2 * DOWN_MS, stage.ids, stage.victim());
      },
    },
    {
      text: 'Redis is back, with what it had.',
      play: async (stage) => {
        await stage.until(() => stage.ready(), READY_MS);
        await stage.readFor(2_000, stage.ids, stage.victim());
      },
    },
  ],
};
