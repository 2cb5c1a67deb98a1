import type { Invalidation } from '../../shared/state.ts';
import { attr, el, say, vary } from '../dom.ts';
import type { Part } from '../part.ts';
import { ago, millis, NOTHING, whole } from '../words.ts';
import { GroupRow, Row } from './row.ts';

/** Rows of the lane: as many as fit without scrolling. */
const ROWS = 8;
/** A tick that has not come by then is missing, in ms; before, it is on its way. */
const DUE_MS = 250;
/** How many rows may be kept for ticks that are missing, and for how long, in ms: lost ones shall be seen to be lost. */
const KEPT = { rows: 3, ms: 30_000 } as const;

class Tick {
  readonly #words = el('div', { class: 'box' });
  readonly root = el('td', { class: 'tick' }, this.#words);

  show(lag: number | null | undefined, age: number): void {
    const look = lag === undefined ? 'none' : lag !== null ? 'come' : age < DUE_MS ? 'due' : 'missing';
    attr(this.root, 'data-look', look);
    say(this.#words, look === 'come' ? millis(lag ?? null) : { none: '', due: '·', missing: '✕ missing' }[look]);
    if (look === 'come') vary(this.root, '--share', width(lag ?? 0).toFixed(2));
  }
}

/** From 0.1 ms to 10 s by tens: lags differ by orders of magnitude, and the small ones matter. */
function width(lag: number): number {
  return Math.min(1, Math.max(0.02, (Math.log10(Math.max(lag, 0.1)) + 1) / 5));
}

class LaneRow {
  readonly row: Row<Tick>;
  readonly #key = el('span', { class: 'lane-key' });
  readonly #ago = el('span', { class: 'hint' });
  readonly #version = el('div', { class: 'box' });

  constructor() {
    const head = el('th', { scope: 'row', class: 'key' }, el('div', { class: 'box' }, this.#key, this.#ago));
    this.row = new Row<Tick>([head, el('td', { class: 'origin num' }, this.#version)], () => new Tick());
  }

  show(one: Invalidation | undefined, at: number): void {
    const age = one ? Math.max(0, at - one.at) : 0;
    say(this.#key, one?.key ?? '');
    say(this.#ago, one ? ago(age) : '');
    say(this.#version, one ? (one.version === null ? NOTHING : whole(one.version)) : '');
    for (const [replica, tick] of this.row.cells) tick.show(one?.ticks[replica], age);
  }
}

/** The rows that say when each invalidation reached each replica, the newest first. */
export class Lane {
  readonly root = el('tbody', { class: 'lane' });
  readonly #group: GroupRow;
  readonly #rows = Array.from({ length: ROWS }, () => new LaneRow());
  #shown: readonly Invalidation[] = [];
  /** Nearly all of it changes with each invalidation, as all go one row down: that is two frames' work. */
  readonly upper: Part = {
    update: ({ now }) => {
      this.#shown = pick(now.invalidations, now.at, new Set(now.members.map(({ name }) => name)));
      this.#show(0, ROWS / 2, now.at);
    },
  };
  readonly lower: Part = { update: ({ now }) => this.#show(ROWS / 2, ROWS, now.at) };

  constructor() {
    const legend = [
      el('span', { 'data-look': 'missing' }, '✕ missing'),
      el('span', {}, 'the lag in ms, bar by powers of ten'),
    ];
    this.#group = new GroupRow('Invalidations as they arrive', legend);
    this.root.append(this.#group.root, ...this.#rows.map(({ row }) => row.root));
  }

  columns(replicas: readonly string[]): void {
    this.#group.span(replicas.length);
    for (const { row } of this.#rows) row.columns(replicas);
  }

  #show(from: number, to: number, at: number): void {
    for (let i = from; i < to; i += 1) this.#rows[i]?.show(this.#shown[i], at);
  }
}

/** The newest, the newest first; of the older ones those that still lack a tick, as long as somebody is there to miss it. */
function pick(all: readonly Invalidation[], at: number, members: ReadonlySet<string>): Invalidation[] {
  const lacks = ({ ticks }: Invalidation) =>
    Object.entries(ticks).some(([name, lag]) => lag === null && members.has(name));
  const pinned = all
    .slice(0, -(ROWS - KEPT.rows))
    .filter((one) => at - one.at < KEPT.ms && lacks(one))
    .slice(-KEPT.rows);
  const others = all.filter((one) => !pinned.includes(one)).slice(-(ROWS - pinned.length));
  return [...pinned, ...others].sort((a, b) => b.id - a.id);
}
