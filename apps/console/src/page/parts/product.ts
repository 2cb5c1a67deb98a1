import type { Level } from '../../shared/state.ts';
import type { Answer, Commands } from '../commands.ts';
import { attr, byId, el, keyed, say } from '../dom.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import { cents, NOTHING, price, span, whole } from '../words.ts';
import type { Matrix } from './matrix.ts';

/** After an edit every replica is asked this often, in ms, until it has the new version, and at most so many times. */
const TRAVEL = { everyMs: 150, times: 80 } as const;

class AnswerRow {
  readonly root: HTMLTableRowElement;
  readonly #tier = el('td', { class: 'tier' });
  readonly #version = el('td', { class: 'num' });
  readonly #price = el('td', { class: 'num' });
  readonly #age = el('td', { class: 'num' });
  readonly #proof = el('td', { class: 'proof' });
  readonly #seen = el('td', { class: 'num seen' });
  /** Of what is shown. */
  #turn = 0;

  constructor(replica: string) {
    const head = el('th', { scope: 'row' }, replica);
    this.root = el('tr', {}, head, this.#tier, this.#version, this.#price, this.#age, this.#proof, this.#seen);
  }

  /** `turn` is that of the question: an answer that comes after one to a later question is not shown. */
  show(answer: Answer | null, turn: number): void {
    if (turn < this.#turn) return;
    this.#turn = turn;
    const header = (name: string) => answer?.headers[name] ?? null;
    attr(this.root, 'data-tier', header('x-cache'));
    say(this.#tier, answer === null ? 'no answer' : (header('x-cache') ?? String(answer.status)));
    const version = versionOf(answer);
    say(this.#version, version === null ? NOTHING : whole(version));
    say(this.#price, answer?.product ? price(answer.product.priceCents) : NOTHING);
    const age = header('age');
    say(this.#age, age === null ? NOTHING : `${age} s`);
    say(this.#proof, certificate(header('x-cache-proof')));
    attr(this.#proof, 'title', header('x-cache-proof'));
  }

  seen(words: string, look: 'waiting' | 'seen' | null): void {
    say(this.#seen, words);
    attr(this.#seen, 'data-look', look);
  }
}

/** `age=112;bound=1000` in words: under what proof the answer was given. */
function certificate(header: string | null): string {
  const match = /age=([\d.]+);bound=([\d.]+)(;unproven)?/.exec(header ?? '');
  if (match === null) return header ?? NOTHING;
  if (match[3]) return 'unproven';
  return `proof ${span(Number(match[1]))} of ${span(Number(match[2]))}`;
}

function versionOf(answer: Answer | null): number | null {
  const header = answer?.headers['x-item-version'];
  return header !== undefined ? Number(header) : (answer?.product?.version ?? null);
}

/** Asks every replica for one product, as a client would, and follows a new price to each of them. */
export class ProductBrowser implements Part {
  readonly #id = byId('product-id', HTMLInputElement);
  readonly #level = byId('product-level', HTMLSelectElement);
  readonly #price = byId('product-price', HTMLInputElement);
  readonly #name = byId('product-name', HTMLElement);
  readonly #body = byId('product-rows', HTMLTableSectionElement);
  readonly #rows = new Map<string, AnswerRow>();
  readonly #commands: Commands;
  readonly #matrix: Matrix;
  #replicas: string[] = [];
  /** Raised by everything that makes answers on their way old. */
  #turn = 0;

  constructor(commands: Commands, matrix: Matrix) {
    this.#commands = commands;
    this.#matrix = matrix;
    byId('product-ask', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.ask();
    });
    byId('product-edit', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const wanted = cents(this.#price.value);
      if (wanted !== null) void this.edit(wanted);
    });
  }

  focus(): void {
    this.#id.focus();
    this.#id.select();
  }

  update({ now }: Model, changed: Changed): void {
    if (!changed.has('members')) return;
    const names = now.members.filter(({ kind }) => kind === 'replica').map(({ name }) => name);
    const isFirst = this.#replicas.length === 0 && names.length > 0;
    this.#replicas = names;
    keyed(this.#body, this.#rows, names, (name) => new AnswerRow(name));
    if (!isFirst) return;
    // One that the matrix shows, so that what is done to it is seen there.
    const shown = now.matrix.keys.map(({ key }) => /^product:(\d+)$/.exec(key)?.[1]).find((id) => id !== undefined);
    if (shown !== undefined && document.activeElement !== this.#id) this.#id.value = shown;
    void this.ask();
  }

  /**
   * Asks every replica once, and shows the price; one that has been typed meanwhile stays:
   *   1: the page is opened, and asks   2: a price is typed   3: the button takes the focus   4: the answers come, and the old
   *   price would be what is sent.
   * Nor do answers that are late take the place of later ones:
   *   1: product 42 is asked for, and one replica stands still   2: product 7 is asked for   3: that replica goes on, and what
   *   it says of 42, the price too, would stand as that of 7.
   */
  async ask(): Promise<(Answer | null)[]> {
    this.#turn += 1;
    const turn = this.#turn;
    const written = this.#price.value;
    const id = this.#product();
    this.#matrix.mark(`product:${id}`);
    for (const row of this.#rows.values()) row.seen('', null);
    const answers = await Promise.all(this.#replicas.map((replica) => this.#askOne(id, replica, turn)));
    if (turn !== this.#turn) return answers;
    const found = answers.find((answer) => answer?.product)?.product;
    say(this.#name, found ? `${found.name} · ${found.category} · ${whole(found.stock)} in stock` : 'not found');
    const isUntouched = this.#price.value === written && document.activeElement !== this.#price;
    if (found && isUntouched) this.#price.value = price(found.priceCents);
    return answers;
  }

  /** Changes the price at the origin, by way of the cluster, and asks each replica until it has the new version. */
  async edit(priceCents: number): Promise<void> {
    // Whatever is asked for meanwhile, it is this one that is changed.
    const id = this.#product();
    const asked = this.ask();
    const turn = this.#turn;
    const before = (await asked).map(versionOf);
    const least = Math.max(0, ...before.map((version) => version ?? 0));
    const began = performance.now();
    if ((await this.#commands.edit(id, priceCents)) === null || turn !== this.#turn) return;
    this.#price.value = price(priceCents);
    await Promise.all(this.#replicas.map((replica) => this.#follow(id, replica, least, began, turn)));
  }

  async #follow(id: number, replica: string, least: number, began: number, turn: number): Promise<void> {
    for (let tries = 0; tries < TRAVEL.times && turn === this.#turn; tries += 1) {
      const version = versionOf(await this.#askOne(id, replica, turn));
      if (turn !== this.#turn) return;
      const passed = span(performance.now() - began);
      const isThere = version !== null && version > least;
      this.#rows.get(replica)?.seen(isThere ? `✓ ${passed}` : `… ${passed}`, isThere ? 'seen' : 'waiting');
      if (isThere) return;
      await new Promise((resolve) => setTimeout(resolve, TRAVEL.everyMs));
    }
  }

  async #askOne(id: number, replica: string, turn: number): Promise<Answer | null> {
    const answer = await this.#commands.product(id, replica, this.#level.value as Level);
    this.#rows.get(replica)?.show(answer, turn);
    return answer;
  }

  #product(): number {
    return Math.max(1, Math.trunc(Number(this.#id.value)) || 1);
  }
}
