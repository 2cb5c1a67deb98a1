import type { Scenario } from './scenario.ts';

const READY_MS = 60_000;

export const rollingDeploy: Scenario = {
  name: 'rolling-deploy',
  title: 'Rolling deploy',
  sentence: 'Every replica is restarted, one after the other, while everything goes on.',
  shows: { naive: 'any', guarded: 'held' },
  seed: 8,
  steps: [
    {
      text: 'The replicas are restarted one after the other.',
      play: async (stage) => {
        await stage.fault({ kind: 'rolling-restart', target: 'replicas' });
        await stage.wait(1_000);
        await stage.until(() => stage.calm(), READY_MS);
      },
    },
    {
      text: 'All of them are back, and began with an empty memory.',
      play: async (stage) => {
        await stage.until(() => stage.ready(), READY_MS);
        await stage.wait(2_000);
      },
    },
  ],
};
