import type { Scenario } from './scenario.ts';

export const deafSubscriber: Scenario = {
  name: 'deaf-subscriber',
  title: 'Deaf subscriber',
  sentence: 'A subscription hangs on a half-open connection: it is there, and hears nothing.',
  shows: { naive: 'violated', guarded: 'held' },
  seed: 3,
  steps: [
    {
      text: 'One replica’s subscription goes silent without being closed.',
      play: async (stage) => {
        stage.readersOnly();
        await stage.warm(stage.ids.slice(0, 4), stage.victim());
        await stage.fault({ kind: 'blackhole-bus', target: stage.victim(), holdMs: 20_000 });
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
