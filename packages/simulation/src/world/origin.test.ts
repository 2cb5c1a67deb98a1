/** The origin fails as it is told to, and no longer. */
import type { CommitWindow } from '@lockstep/cache';
import { expect, test } from 'vitest';
import { Agenda } from '../time/agenda.ts';
import { Random } from '../time/random.ts';
import { Origin } from './origin.ts';

const QUIET_AT = 1_000;
/** Of a few steps that take 3 ms each in the mean. */
const SOON_MS = 150;
const ASKED = 500;

const WINDOW: CommitWindow = { limitMs: 50, opened: () => {}, transaction: () => {}, tag: () => {} };

test('what was asked of a slow one is answered soon after everything was healed', async () => {
  const agenda = new Agenda();
  const random = new Random(1);
  const origin = new Origin({ agenda, random, trace: null, meanMs: 3, partitions: 0, quietAt: QUIET_AT });
  const actor = { life: 0, paused: false, backlog: [] };
  const change = { keys: ['u0'], listed: false };
  let loads = 0;
  let commits = 0;
  agenda.at(QUIET_AT - 10, () => {
    origin.slow = 1_000;
    for (let i = 0; i < ASKED; i++) {
      void origin.load(actor, 'u0').then(() => loads++);
      void origin.commit(actor, { change, fate: 'ok', versions: null }, WINDOW, () => {}).then(() => commits++);
    }
  });
  agenda.at(QUIET_AT, () => origin.heal());
  // It was slow: nothing has come before that.
  await agenda.run(QUIET_AT - 1);
  expect(loads + commits).toBeLessThan(ASKED / 10);
  await agenda.run(QUIET_AT + SOON_MS);
  expect({ loads, commits }).toEqual({ loads: ASKED, commits: ASKED });
});
