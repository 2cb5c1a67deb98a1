import type { Scenario } from './scenario.ts';

const READY_MS = 30_000;

export const writerCrash: Scenario = {
  name: 'writer-crash',
  title: 'Writer crash',
  sentence: 'A replica dies after its commit and before it could tell anybody: only Postgres knows of the new price.',
  shows: { naive: 'violated', guarded: 'held' },
  seed: 9,
  steps: [
    {
      text: 'Every replica has the product in its memory; then one commits a new price, and dies at once.',
      play: async (stage) => {
        const [id = 1] = stage.ids.slice(2);
        stage.readersOnly();
        for (const replica of stage.replicas()) await stage.warm([id], replica);
        await stage.fault({ kind: 'writer-crash', target: stage.victim(), id, holdMs: 5_000 });
      },
    },
    {
      text: {
        naive: 'The others go on serving the old price: nobody knows that there is another one.',
        guarded:
          'The commit left a note beside the price, in the same transaction; the others find it, and drop their copies.',
      },
      play: async (stage) => {
        const [id = 1] = stage.ids.slice(2);
        const others = stage.replicas().filter((name) => name !== stage.victim());
        await Promise.all(others.map((replica) => stage.readFor(3_000, [id], replica)));
        await stage.until(() => stage.ready(), READY_MS);
      },
    },
  ],
};
