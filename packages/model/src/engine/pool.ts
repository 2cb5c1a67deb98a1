import type { Codec } from './codec.ts';
import type { Slot } from './system.ts';

/** Components kept ready for readers. */
const SHARED = 1 << 10;

/** The components that were met in one slot, each with a number. */
export class Pool {
  readonly slot: Slot;
  private readonly codec: Codec;
  private readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly shared = new Map<number, unknown>();
  private readonly flags: number[] = [];

  constructor(slot: Slot, codec: Codec) {
    this.slot = slot;
    this.codec = codec;
  }

  get size(): number {
    return this.texts.length;
  }

  /** The number of this component, which is tidied up first. */
  add(component: unknown): number {
    this.slot.tidy?.(component as never);
    const text = this.codec.encode(component);
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const number = this.texts.push(text) - 1;
    this.numbers.set(text, number);
    this.flags.push(this.slot.flags?.(component as never) ?? 0);
    return number;
  }

  /** A copy of its own. */
  take(number: number): unknown {
    return this.codec.decode(this.texts[number] as string);
  }

  /** The one that all readers share. */
  look(number: number): unknown {
    let shared = this.shared.get(number);
    if (shared === undefined) {
      shared = this.take(number);
      if (this.shared.size >= SHARED) this.shared.clear();
      this.shared.set(number, shared);
    }
    return shared;
  }

  has(number: number, any: number): boolean {
    return ((this.flags[number] as number) & any) !== 0;
  }
}
