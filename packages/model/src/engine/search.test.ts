import { describe, expect, test } from 'vitest';
import { search } from './search.ts';
import type { Move, System, View } from './system.ts';
import { walk } from './walk.ts';

/** Two jugs, of 5 and 3 litres, a tap and a sink: 16 states, and six steps to a jug with 4 litres. */
interface Jug {
  litres: number;
}

const LIMITS = { states: 1e6, depth: 100 };

function jugs(forbidden: number): System {
  const jug = (name: string, holds: number) => ({
    name,
    start: { litres: 0 },
    flags: ({ litres }: Jug) => (litres > 0 ? 1 : 0),
    perform: (jug: Jug, { with: litres }: { with?: unknown }) => {
      jug.litres = Math.min(holds, jug.litres + (litres as number));
    },
  });
  const fill = (name: string, holds: number) => ({
    name: `fill ${name}`,
    slots: [name],
    moves: () => [move(`fill ${name}`, (view) => (jugOf(view, name).litres = holds))],
  });
  const empty = (name: string) => ({
    name: `empty ${name}`,
    slots: [name],
    guards: [{ slot: name, any: 1 }],
    moves: () => [move(`empty ${name}`, (view) => (jugOf(view, name).litres = 0))],
  });
  const pour = (from: string, to: string, holds: number) => ({
    name: `pour ${from}`,
    slots: [from, to],
    guards: [{ slot: from, any: 1 }],
    moves: (view: View) => {
      const litres = Math.min(jugOf(view, from).litres, holds - jugOf(view, to).litres);
      return [
        move(`pour ${litres} from ${from} into ${to}`, (changed) => {
          jugOf(changed, from).litres -= litres;
          changed.then(to, { do: 'add', with: litres });
        }),
      ];
    },
  });
  return {
    slots: [jug('big', 5), jug('small', 3)],
    rules: [
      fill('big', 5),
      fill('small', 3),
      empty('big'),
      empty('small'),
      pour('big', 'small', 3),
      pour('small', 'big', 5),
    ],
    laws: [
      {
        name: 'litres',
        slots: ['big'],
        judge: (view) => (jugOf(view, 'big').litres === forbidden ? `big holds ${forbidden}` : undefined),
      },
    ],
  };
}

function move(words: string, change: (view: View) => void): Move {
  return (view) => {
    change(view);
    return { words };
  };
}

function jugOf(view: View, name: string): Jug {
  return view[name] as Jug;
}

describe('search', () => {
  test('visits every reachable state once', () => {
    expect(search(jugs(6), LIMITS)).toMatchObject({ verdict: 'safe', states: 16 });
  });

  test('finds a shortest way, in words', () => {
    const { verdict, trace } = search(jugs(4), LIMITS);
    expect(verdict).toBe('unsafe');
    expect(trace).toEqual({
      wrong: 'big holds 4',
      steps: [
        'fill big',
        'pour 3 from big into small',
        'empty small',
        'pour 2 from big into small',
        'fill big',
        'pour 1 from big into small',
      ],
    });
  });

  test('says so when a limit comes first', () => {
    expect(search(jugs(4), { ...LIMITS, depth: 5 })).toMatchObject({ verdict: 'open', depth: 5 });
  });

  test('a way can be walked again, and stops where it does not lead on', () => {
    const { trace } = search(jugs(4), LIMITS);
    expect(walk(jugs(4), trace?.steps ?? [])).toMatchObject({ wrong: { what: 'big holds 4', after: 6 } });
    const lost = walk(jugs(4), ['fill big', 'drink']);
    expect(lost.stuck).toEqual({
      at: 1,
      step: 'drink',
      moves: ['fill big', 'fill small', 'empty big', 'pour 3 from big into small'],
    });
  });
});
