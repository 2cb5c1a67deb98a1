import type { Snapshot } from '../shared/state.ts';
import type { Changed, Model } from './model.ts';
import type { Part } from './part.ts';

/** A part with so much to lay out and to paint that it has a frame of its own, when any of these has changed. */
export interface Heavy {
  readonly part: Part;
  readonly shows: readonly (keyof Snapshot)[];
}

/**
 * Draws a picture over several frames: first the light parts together, then the heavy ones one by one, so that no task is
 * long, and a click is not waited for by all of a picture. A frame has 16 ms and a picture comes each 200 ms; where frames
 * take longer, pictures become fewer and tasks do not become longer.
 *
 * What comes before a picture is drawn is shown by the next: what waits is bounded by the parts of a snapshot, however
 * long the page lay in the background.
 */
export class Frames {
  readonly #light: readonly Part[];
  readonly #heavy: readonly Heavy[];
  readonly #model: () => Model;
  readonly #drawn: (seq: number) => void;
  /** What has changed since the present picture was begun. */
  #fresh = new Set<keyof Snapshot>();
  /** The present picture: its number, what it shows that is new, and who has still to show it. */
  #seq = -1;
  #changed: Changed = new Set();
  #left: Part[] = [];
  #isFirst = true;
  #isAsked = false;

  /** `drawn` is called with the number of each picture that is complete. */
  constructor(light: readonly Part[], heavy: readonly Heavy[], model: () => Model, drawn: (seq: number) => void) {
    this.#light = light;
    this.#heavy = heavy;
    this.#model = model;
    this.#drawn = drawn;
  }

  show(changed: Changed): void {
    for (const name of changed) this.#fresh.add(name);
    this.#ask();
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => this.#frame());
  }

  #frame(): void {
    this.#isAsked = false;
    if (this.#left.length === 0) this.#begin();
    else this.#update(this.#left.splice(0, 1));
    // The first picture as a whole: what came later would push what is below it.
    if (this.#isFirst) this.#update(this.#left.splice(0));
    this.#isFirst = false;
    if (this.#left.length === 0) this.#drawn(this.#seq);
    if (this.#left.length > 0 || this.#fresh.size > 0) this.#ask();
  }

  #begin(): void {
    const changed = this.#fresh;
    this.#fresh = new Set();
    this.#changed = changed;
    this.#seq = this.#model().now.seq;
    this.#left = this.#heavy.filter(({ shows }) => shows.some((name) => changed.has(name))).map(({ part }) => part);
    this.#update(this.#light);
  }

  #update(parts: readonly Part[]): void {
    for (const part of parts) part.update(this.#model(), this.#changed);
  }
}
