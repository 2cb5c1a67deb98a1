/** The tokens of style/tokens.css that a canvas needs as colours, as it knows nothing of custom properties. */
export type Tint = 'ink' | 'faint' | 'rule' | 'alarm' | 'band' | 'l1' | 'l2' | 'origin';

const PROPERTIES: Readonly<Record<Tint, string>> = {
  ink: '--ink-2',
  faint: '--ink-3',
  rule: '--rule',
  alarm: '--alarm',
  band: '--band',
  l1: '--tier-l1',
  l2: '--tier-l2',
  origin: '--tier-origin',
};

/** The colours as they are in the present scheme; asked again when that changes, by `onChange`. */
export class Palette {
  readonly #probe: HTMLElement;
  readonly #known = new Map<Tint, string>();
  /** The page's font; asked for once, as each time would have the styles of all of the page computed. */
  readonly font = getComputedStyle(document.body).fontFamily;

  constructor(within: HTMLElement, onChange: () => void) {
    this.#probe = within.appendChild(document.createElement('span'));
    this.#probe.hidden = true;
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)']) {
      matchMedia(query).addEventListener('change', () => {
        this.#known.clear();
        onChange();
      });
    }
  }

  /** `light-dark()` is resolved only in a property that is a colour: hence the probe. */
  colour(tint: Tint): string {
    let known = this.#known.get(tint);
    if (known === undefined) {
      this.#probe.style.color = `var(${PROPERTIES[tint]})`;
      known = getComputedStyle(this.#probe).color;
      this.#known.set(tint, known);
    }
    return known;
  }
}
