/** Puts the page together: one stream in, one model, parts that show it, and commands out. */
import type { Snapshot } from '../shared/state.ts';
import { Charts } from './charts/charts.ts';
import { Commands } from './commands.ts';
import { Frames } from './frames.ts';
import { Model } from './model.ts';
import { Active } from './parts/active.ts';
import { Board } from './parts/board.ts';
import { Keys } from './parts/keys.ts';
import { Log } from './parts/log.ts';
import { Menu } from './parts/menu.ts';
import { ProductBrowser } from './parts/product.ts';
import { Scenarios } from './parts/scenarios.ts';
import { Tiers } from './parts/tiers.ts';
import { LinkState, Top } from './parts/top.ts';
import { VerdictLine } from './parts/verdict.ts';
import { Stream } from './stream.ts';
import { Tour } from './tour/tour.ts';

let model: Model | undefined;
const present = () => model;

const commands = new Commands();
const link = new LinkState();
const menu = new Menu(commands, present);
const top = new Top(commands);
const board = new Board(commands, menu);
const active = new Active(commands);
const log = new Log(commands);
const product = new ProductBrowser(commands, board.matrix);
const tour = new Tour(commands, present);
const now = () => {
  if (model === undefined) throw new Error('nothing is drawn before the first snapshot');
  return model;
};
const charts = new Charts(now);
const light = [
  top,
  new VerdictLine(),
  active,
  new Tiers(commands, menu),
  board,
  new Scenarios(commands),
  product,
  menu,
  tour,
];
const frames = new Frames(light, [...board.heavy, { part: log, shows: ['log'] }, ...charts.heavy], now, (seq) => {
  document.documentElement.dataset.drawn = String(seq);
});

new Stream('/api/events', {
  snapshot: (snapshot) => {
    if (model === undefined) {
      model = new Model(snapshot);
      frames.show(new Set(Object.keys(snapshot) as (keyof Snapshot)[]));
    } else {
      frames.show(model.replace(snapshot));
    }
  },
  delta: (delta) => {
    if (model !== undefined) frames.show(model.merge(delta));
  },
  link: (state, quietMs) => link.show(state, quietMs),
});

const press = (selector: string) => document.querySelector<HTMLElement>(selector)?.click();

new Keys([
  { keys: ['t'], shown: 't', does: 'Begin the tour', act: () => tour.start() },
  { keys: ['c'], shown: 'c', does: 'Tour: continue', act: () => tour.next() },
  { keys: ['x'], shown: 'x', does: 'Tour: stop', act: () => tour.stop() },
  { keys: ['n'], shown: 'n', does: 'Run the cluster naive', act: () => top.choose('naive') },
  { keys: ['g'], shown: 'g', does: 'Run the cluster guarded', act: () => top.choose('guarded') },
  {
    keys: '123456789'.split(''),
    shown: '1 … 9',
    does: 'What can be done to that replica',
    act: (key) => board.button(Number(key))?.click(),
  },
  { keys: ['w'], shown: 'w', does: '… to the whole cluster', act: () => press('.corner button') },
  { keys: ['r'], shown: 'r', does: '… to Redis', act: () => press('.card[data-kind=redis] button') },
  { keys: ['o'], shown: 'o', does: '… to the origin', act: () => press('.card[data-kind=postgres] button') },
  { keys: ['u'], shown: 'u', does: 'Undo the last fault', act: () => active.undoLast() },
  { keys: ['U'], shown: 'Shift u', does: 'Undo all faults', act: () => active.undoAll() },
  { keys: ['+', '='], shown: '+', does: 'One replica more', act: () => board.scale(1) },
  { keys: ['-'], shown: '−', does: 'One replica fewer', act: () => board.scale(-1) },
  { keys: ['/'], shown: '/', does: 'Look up a product', act: () => product.focus() },
  { keys: ['p'], shown: 'p', does: 'Pause the log, or go on', act: () => log.togglePause() },
]);

// Not every browser lets the keyboard scroll what it cannot focus.
for (const scroller of document.querySelectorAll<HTMLElement>('.board-scroll, .panel-scroll')) scroller.tabIndex = 0;
