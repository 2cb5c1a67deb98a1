import type { Scenario } from './scenario.ts';

const HOLD_MS = 30_000;

/** What one needs to see once: eight steps, four on the textbook cache and the same four on the guarded one. */
export const tour: Scenario = {
  name: 'tour',
  title: 'The tour',
  sentence: 'Eight steps: what the textbook cache does when a connection goes silent, and what the guarded one does.',
  shows: { naive: 'violated', guarded: 'held' },
  seed: 1,
  steps: [
    {
      text: {
        naive:
          'Each replica keeps products in its own memory: every cell is one of them, beside the version that Postgres has.',
        guarded: 'The same replicas, the same traffic, with the guarded cache: every cell is filled again.',
      },
      play: async (stage) => {
        for (const replica of stage.replicas()) await stage.warm(stage.ids, replica);
        await stage.wait(1_500);
      },
    },
    {
      text: {
        naive:
          'A price changes: the writer tells everybody over Redis, and each replica drops its copy within milliseconds.',
        guarded:
          'A price changes: invalidations are numbered now, and each replica asks four times a second which was the last.',
      },
      play: async (stage) => {
        await stage.change(stage.ids.slice(0, 1));
        await stage.wait(2_000);
      },
    },
    {
      text: {
        naive: 'One replica’s subscription goes silent on a connection that still looks alive, and two prices change.',
        guarded: 'The same silence on the same replica, and two prices change.',
      },
      play: async (stage) => {
        const [first = 1, second = 2] = stage.ids;
        stage.readersOnly();
        await stage.warm([first, second], stage.victim());
        await stage.fault({ kind: 'blackhole-bus', target: stage.victim(), holdMs: HOLD_MS });
        await stage.change([first, second]);
        await stage.readFor(1_000, [first, second], stage.victim());
      },
    },
    {
      text: {
        naive:
          'It goes on selling at the old prices: nothing tells it that it missed something, and it would not stop for a minute.',
        guarded:
          'It saw by the numbers that something was missing, asked for it, and dropped those copies: nobody saw an old price for longer than the bound.',
      },
      play: async (stage) => {
        const [first = 1, second = 2] = stage.ids;
        await stage.readFor(3_000, [first, second], stage.victim());
      },
    },
  ],
};
