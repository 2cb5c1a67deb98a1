/** States in a block: vectors are kept in blocks, so that growing copies nothing. */
const BLOCK = 1 << 14;

/** The states of one depth, as vectors one after the other. */
export class Queue {
  readonly width: number;
  private readonly blocks: Uint32Array[] = [];
  private count = 0;

  constructor(width: number) {
    this.width = width;
  }

  get size(): number {
    return this.count;
  }

  push(vector: Uint32Array): void {
    const at = this.count++ % BLOCK;
    if (at === 0) this.blocks.push(new Uint32Array(BLOCK * this.width));
    (this.blocks.at(-1) as Uint32Array).set(vector, at * this.width);
  }

  /** Calls `visit` with each state in turn, as a place in a block; ends early when it answers true. Gives up what was seen. */
  drain(visit: (states: Uint32Array, from: number) => boolean): boolean {
    const { width } = this;
    for (let first = 0; first < this.count; first += BLOCK) {
      const block = this.blocks[first / BLOCK] as Uint32Array;
      const end = Math.min(BLOCK, this.count - first);
      for (let i = 0; i < end; i++) if (visit(block, i * width)) return true;
      this.blocks[first / BLOCK] = new Uint32Array(0);
    }
    return false;
  }
}
