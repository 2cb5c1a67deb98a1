import { Refusal } from '../refusal.ts';
import type { Scenario, Stage } from './scenario.ts';

const READY_MS = 30_000;
const TRIES = 5;

/**
 * Every replica has the product in its memory; then the victim commits a new price, and dies. Once more when it does not:
 *   1: it waits for the row, for no longer than a commit may take   2: this machine stands still for so long   3: the row is
 *   let go, and the commit is refused. Nothing has happened then.
 */
async function crash(stage: Stage, id: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    for (const replica of stage.replicas()) await stage.warm([id], replica);
    try {
      await stage.fault({ kind: 'writer-crash', target: stage.victim(), id, holdMs: 5_000 });
      return;
    } catch (error) {
      // One that was never begun is refused for a reason that stays.
      if (tries === TRIES || !(error instanceof Refusal) || error.status !== 502) throw error;
    }
  }
}

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
        await crash(stage, id);
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
