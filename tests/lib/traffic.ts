import type { Operation } from '@lockstep/history';
import { headerOf, type RawAnswer } from '@lockstep/traffic/connection';
import { type Random, zipf } from '@lockstep/traffic/random';

/** Products of the seed: 500 in each of 20 categories. */
const PRODUCTS = 10_000;
const PAGE = 100;
const PAGES = 5;
const IDS_PER_PAGE = PRODUCTS / PAGES;
const CATEGORIES = [
  ...['audio', 'bags', 'bedding', 'bicycles', 'board-games', 'cameras', 'climbing', 'coffee', 'cookware', 'desks'],
  ...['garden', 'keyboards', 'kids', 'knives', 'lighting', 'outdoor', 'running', 'stationery', 'tea', 'tools'],
];
/** A part of the traffic; the rest are pages and single products. */
const WRITES = 0.01;
const SKEW = 0.99;
/** One in so many pages is looked at product by product. */
const LOOKED_AT = 20;

type Fate = 'good' | 'shed' | 'wrong';

/** A request, ready to be sent, and what its answer means. */
export interface Request {
  readonly bytes: string;
  /** Called once; null: nobody answered in time. Times on one clock, ms. */
  answered(start: number, end: number, answer: RawAnswer | null): Fate;
}

/**
 * The catalogue's customers: pages of categories, products by popularity, a few changes of prices. Notes every read and
 * write of a product, so that the whole can be judged as one history.
 */
export class Traffic {
  readonly history: Operation[] = [];
  readonly #host: string;
  readonly #lists: number;
  readonly #random: Random;
  readonly #rank: () => number;
  #pages = 0;

  /** `lists` is the part of it that are pages. */
  constructor(port: number, random: Random, lists: number) {
    this.#lists = lists;
    this.#host = `Host: 127.0.0.1:${port}\r\n`;
    this.#random = random;
    this.#rank = zipf(random, PRODUCTS, SKEW);
  }

  next(): Request {
    const draw = this.#random();
    if (draw < WRITES) return this.#write();
    return draw < WRITES + this.#lists ? this.#list() : this.#read();
  }

  #list(): Request {
    const category = CATEGORIES[Math.floor(this.#random() * CATEGORIES.length)];
    const after = Math.floor(this.#random() * PAGES) * IDS_PER_PAGE;
    const bytes = `GET /products?category=${category}&limit=${PAGE}&after=${after} HTTP/1.1\r\n${this.#host}\r\n`;
    const answered: Request['answered'] = (start, end, answer) => {
      if (answer?.status !== 200) return fateOf(answer);
      this.#pages++;
      if (this.#pages % LOOKED_AT === 0) this.#lookAt(answer, start, end);
      return 'good';
    };
    return { bytes, answered };
  }

  /** A page is a read of each product on it. */
  #lookAt({ head, body }: RawAnswer, start: number, end: number): void {
    const { items } = JSON.parse(body.toString()) as { items: { id: number; version: number }[] };
    for (const { id, version } of items) this.#note('read', id, start, end, head, version);
  }

  #read(): Request {
    // Popular products are spread over all categories.
    const id = 1 + ((this.#rank() * 7_919) % PRODUCTS);
    const bytes = `GET /products/${id} HTTP/1.1\r\n${this.#host}\r\n`;
    const answered: Request['answered'] = (start, end, answer) => {
      const version = versionOf(answer);
      if (answer?.status !== 200 || version === null) return fateOf(answer);
      this.#note('read', id, start, end, answer.head, version);
      return 'good';
    };
    return { bytes, answered };
  }

  #write(): Request {
    const id = 1 + Math.floor(this.#random() * PRODUCTS);
    const json = JSON.stringify({ priceCents: Math.floor(this.#random() * 100_000) });
    const headers = `${this.#host}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n`;
    const answered: Request['answered'] = (start, end, answer) => {
      const version = versionOf(answer);
      if (answer?.status === 200 && version !== null) {
        this.#note('write', id, start, end, answer.head, version);
        return 'good';
      }
      const fate = fateOf(answer);
      this.#note('write', id, start, end, answer?.head ?? '', null, fate === 'shed' ? 'failed' : 'unknown');
      return fate;
    };
    return { bytes: `PATCH /products/${id} HTTP/1.1\r\n${headers}\r\n${json}`, answered };
  }

  #note(
    kind: 'read' | 'write',
    id: number,
    start: number,
    end: number,
    head: string,
    version: number | null,
    outcome: Operation['outcome'] = 'ok',
  ): void {
    const where = { replica: headerOf(head, 'X-Served-By') ?? '', tier: headerOf(head, 'X-Cache') ?? '' };
    const common = { client: 'all', key: `product:${id}`, start, end, version, outcome, ...where };
    this.history.push(kind === 'read' ? { ...common, kind, level: 'bounded' } : { ...common, kind });
  }
}

function fateOf(answer: RawAnswer | null): Fate {
  return answer?.status === 503 && answer.body.includes('"code":"overloaded"') ? 'shed' : 'wrong';
}

function versionOf(answer: RawAnswer | null): number | null {
  const text = answer === null ? undefined : headerOf(answer.head, 'X-Item-Version');
  return text === undefined ? null : Number(text);
}
