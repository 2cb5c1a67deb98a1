import type { Scenario } from './scenario.ts';

const MORE = 2;
const REPLICAS_MOST = 16;

export const scaleUnderLoad: Scenario = {
  name: 'scale-under-load',
  title: 'Scale under load',
  sentence: 'Two replicas join, then leave, while everything goes on.',
  shows: { naive: 'any', guarded: 'held' },
  seed: 7,
  steps: [
    {
      text: 'Two more replicas are started; nginx finds them by itself.',
      play: async (stage) => {
        await stage.scale(Math.min(REPLICAS_MOST, stage.replicas().length + MORE));
        await stage.wait(2_000);
      },
    },
    {
      text: 'They leave again: each answers what it has been asked, and nobody sees an error.',
      play: async (stage) => {
        await stage.scale(Math.max(1, stage.replicas().length - MORE));
        await stage.wait(1_000);
      },
    },
  ],
};
