/** Bits of a fingerprint, in two halves of 32. */
const FIRST = 1 << 16;

/**
 * The fingerprints of states that were met: 64 bits each, so that among 20 million states the chance of one taken for
 * another is about one in a hundred thousand.
 */
export class Visited {
  private low: Uint32Array;
  private high: Uint32Array;
  private mask: number;
  private used = 0;

  constructor(capacity = FIRST) {
    this.low = new Uint32Array(capacity);
    this.high = new Uint32Array(capacity);
    this.mask = capacity - 1;
  }

  get size(): number {
    return this.used;
  }

  /** True if the vector at `from`, `width` long, was not here before. */
  add(vector: Uint32Array, from: number, width: number): boolean {
    let low = 0x9e3779b9;
    let high = 0x7f4a7c15;
    for (let i = from; i < from + width; i++) {
      const word = vector[i] as number;
      low = Math.imul(low ^ word, 0x85ebca6b);
      low ^= low >>> 13;
      high = Math.imul((high << 7) ^ (high >>> 25) ^ word, 0xc2b2ae35);
      high ^= high >>> 16;
    }
    low = Math.imul(low ^ (low >>> 16), 0x27d4eb2f) >>> 0;
    high = Math.imul(high ^ (high >>> 15), 0x165667b1) >>> 0;
    // Two zeros mean an empty place.
    if (low === 0 && high === 0) low = 1;
    if (!this.insert(low, high)) return false;
    if (10 * ++this.used > 7 * this.mask) this.grow();
    return true;
  }

  private insert(low: number, high: number): boolean {
    const { mask } = this;
    for (let at = (low ^ (high << 5)) & mask; ; at = (at + 1) & mask) {
      const seenLow = this.low[at];
      const seenHigh = this.high[at];
      if (seenLow === low && seenHigh === high) return false;
      if (seenLow === 0 && seenHigh === 0) {
        this.low[at] = low;
        this.high[at] = high;
        return true;
      }
    }
  }

  private grow(): void {
    const { low, high } = this;
    this.mask = 2 * this.mask + 1;
    this.low = new Uint32Array(this.mask + 1);
    this.high = new Uint32Array(this.mask + 1);
    for (let i = 0; i < low.length; i++) {
      if (low[i] !== 0 || high[i] !== 0) this.insert(low[i] as number, high[i] as number);
    }
  }
}
