import type { Scenario } from './scenario.ts';

export const lostMessage: Scenario = {
  name: 'lost-message',
  title: 'Lost message',
  sentence: 'A subscriber does not get what was published, and nothing is closed.',
  shows: { naive: 'violated', guarded: 'held' },
  seed: 2,
  steps: [
    {
      text: 'Everything that Redis publishes to one replica is lost on its way.',
      play: async (stage) => {
        stage.readersOnly();
        await stage.warm(stage.ids.slice(0, 4), stage.victim());
        await stage.fault({ kind: 'lose-messages', target: stage.victim(), share: 1, holdMs: 20_000 });
      },
    },
    {
      text: 'Four prices change; the replica is asked for them for three seconds.',
      play: async (stage) => {
        await stage.change(stage.ids.slice(0, 4));
        await stage.readFor(3_000, stage.ids.slice(0, 4), stage.victim());
      },
    },
  ],
};
