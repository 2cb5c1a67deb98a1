/** A map from short tuples of small integers to a positive integer, in one typed array. */
export class Tuples {
  readonly width: number;
  private rows: Int32Array;
  private mask: number;
  private used = 0;

  constructor(width: number, capacity = 1 << 8) {
    this.width = width;
    this.rows = new Int32Array(capacity * (width + 1));
    this.mask = capacity - 1;
  }

  get size(): number {
    return this.used;
  }

  /** The value stored with `slots` of `vector` at `from`; 0 for none. */
  get(vector: Uint32Array, from: number, slots: readonly number[]): number {
    return this.rows[this.find(vector, from, slots) + this.width] as number;
  }

  set(vector: Uint32Array, from: number, slots: readonly number[], value: number): void {
    if (2 * this.used > this.mask) this.grow();
    const row = this.find(vector, from, slots);
    if (this.rows[row + this.width] === 0) this.used++;
    for (let i = 0; i < this.width; i++) this.rows[row + i] = vector[from + (slots[i] as number)] as number;
    this.rows[row + this.width] = value;
  }

  /** Where the tuple's row begins, or would. */
  private find(vector: Uint32Array, from: number, slots: readonly number[]): number {
    const { rows, width, mask } = this;
    let hash = 0x9e3779b9;
    for (let i = 0; i < width; i++) {
      hash = Math.imul(hash ^ (vector[from + (slots[i] as number)] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const row = at * (width + 1);
      if (rows[row + width] === 0) return row;
      let i = 0;
      while (i < width && rows[row + i] === vector[from + (slots[i] as number)]) i++;
      if (i === width) return row;
    }
  }

  private grow(): void {
    const { rows, width, mask } = this;
    const own = Array.from({ length: width }, (_, i) => i);
    this.mask = 2 * mask + 1;
    this.rows = new Int32Array((this.mask + 1) * (width + 1));
    this.used = 0;
    const tuple = new Uint32Array(width);
    for (let row = 0; row < rows.length; row += width + 1) {
      const value = rows[row + width] as number;
      if (value === 0) continue;
      for (let i = 0; i < width; i++) tuple[i] = rows[row + i] as number;
      this.set(tuple, 0, own, value);
    }
  }
}
