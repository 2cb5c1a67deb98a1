import { expect, test, vi } from 'vitest';
import { type Actor, Agenda } from './agenda.ts';
import { Random } from './random.ts';

function actor(): Actor & { backlog: Actor['backlog'] } {
  return { life: 0, paused: false, backlog: [] };
}

test('what is put down happens by time, and in order of putting down where times are equal', async () => {
  const agenda = new Agenda();
  const seen: string[] = [];
  for (const [at, name] of [
    [3, 'late'],
    [1, 'first'],
    [1, 'second'],
    [2, 'middle'],
  ] as const) {
    agenda.at(at, () => seen.push(`${name} ${agenda.now}`));
  }
  await agenda.run(2.5);
  expect(seen).toEqual(['first 1', 'second 1', 'middle 2']);
  expect(agenda.now).toBe(2.5);
  await agenda.run(10);
  expect(seen.at(-1)).toBe('late 3');
});

test('many things, some of which put down others, keep that order', async () => {
  const agenda = new Agenda();
  const random = new Random(1);
  const due: { at: number; order: number }[] = [];
  const seen: typeof due = [];
  const put = (at: number) => {
    const thing = { at, order: due.length };
    due.push(thing);
    const run = () => {
      seen.push(thing);
      if (due.length < 1_000) put(agenda.now + random.below(20));
    };
    if (random.chance(0.5)) agenda.at(at, run);
    else agenda.turn(actor(), at, run, true);
  };
  for (let i = 0; i < 300; i++) put(random.below(100));
  await agenda.run(100_000);
  expect(seen).toEqual([...due].sort((a, b) => a.at - b.at || a.order - b.order));
  expect(seen).toHaveLength(1_000);
});

test('between two turns every promise that can settle has settled, however many wait for each other', async () => {
  const agenda = new Agenda();
  const chain = 10_000;
  let settled = 0;
  agenda.turn(actor(), 1, () => {
    let last = Promise.resolve();
    for (let i = 0; i < chain; i++) {
      last = last.then(() => {
        settled++;
      });
    }
  });
  const found: number[] = [];
  agenda.at(1, () => found.push(settled));
  await agenda.run(2);
  expect(found).toEqual([chain]);
});

test('the same where Node cannot be asked to settle promises', async () => {
  const asked = process as { _tickCallback?: (() => void) | undefined };
  const { _tickCallback: settleAll } = asked;
  asked._tickCallback = undefined;
  vi.resetModules();
  const alone = await import('./agenda.ts');
  asked._tickCallback = settleAll;
  const agenda = new alone.Agenda();
  const seen: string[] = [];
  agenda.turn(actor(), 1, () => {
    void Promise.resolve()
      .then(() => undefined)
      .then(() => seen.push('settled'));
  });
  agenda.turn(actor(), 1, () => seen.push('next'));
  await agenda.run(2);
  expect(seen).toEqual(['settled', 'next']);
});

test('what happened outside of all processes counts as a turn if it says so', async () => {
  const agenda = new Agenda();
  const seen: string[] = [];
  const settle = (name: string) => Promise.resolve().then(() => seen.push(name));
  agenda.at(1, () => {
    void settle('loud');
    agenda.loud();
  });
  agenda.at(2, () => {
    seen.push('after it');
    void settle('not loud');
  });
  agenda.at(3, () => seen.push('before it'));
  await agenda.run(5);
  expect(seen).toEqual(['loud', 'after it', 'before it', 'not loud']);
});

test('what was planned comes in its place, and before anything else of that instant', async () => {
  const agenda = new Agenda();
  const seen: string[] = [];
  agenda.at(1, () => seen.push('a'));
  agenda.at(2, () => seen.push('b'));
  agenda.plan([{ at: 0.5 }, { at: 2 }, { at: 9 }], ({ at }) => seen.push(`planned ${at}`));
  await agenda.run(5);
  expect(seen).toEqual(['planned 0.5', 'a', 'planned 2', 'b']);
});

test('who is paused does it later, in the order that was asked for; what was taken back never', async () => {
  const agenda = new Agenda();
  const replica = actor();
  const seen: string[] = [];
  agenda.turn(replica, 1, () => seen.push('message'));
  const timer = agenda.turn(replica, 2, () => seen.push('timer'), true);
  agenda.turn(replica, 3, () => seen.push('other'));
  replica.paused = true;
  await agenda.run(5);
  expect(seen).toEqual([]);
  replica.paused = false;
  const [message, due, other] = replica.backlog;
  expect([due, replica.backlog.length]).toEqual([timer, 3]);
  timer.void = true;
  agenda.resume(replica, [other, due, message] as typeof replica.backlog);
  await agenda.run(6);
  expect(seen).toEqual(['other', 'message']);
});

test('nothing reaches a process that has ended', async () => {
  const agenda = new Agenda();
  const replica = actor();
  let ran = false;
  agenda.turn(replica, 1, () => {
    ran = true;
  });
  replica.life++;
  await agenda.run(2);
  expect(ran).toBe(false);
});
