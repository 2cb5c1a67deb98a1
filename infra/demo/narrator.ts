/** Tells a demonstration, a line a step, each with the time since the beginning. Colours are for terminals only. */
export class Narrator {
  readonly #coloured: boolean;
  readonly #since = performance.now();

  constructor(coloured: boolean) {
    this.#coloured = coloured;
  }

  step(text: string): void {
    this.#say(text, 1);
  }

  detail(text: string): void {
    this.#say(`  ${text}`, 2);
  }

  /** What came of a step. */
  result(well: boolean, text: string): void {
    this.#say(`  ${well ? '✓' : '✗'} ${text}`, well ? 32 : 31);
  }

  failed(text: string): void {
    for (const line of text.split('\n')) this.#say(line, 31);
  }

  #say(text: string, style: number): void {
    const seconds = ((performance.now() - this.#since) / 1_000).toFixed(1).padStart(5);
    console.log(`${seconds} s  ${this.#coloured ? `\u001b[${style}m${text}\u001b[0m` : text}`);
  }
}
