/**
 * Coherence: sessions hop between replicas, with a token and without, write and read the same few products, and
 * remember what they saw. What a session can prove by itself counts at once; every operation is noted as well, so that
 * the whole history is judged when the run is over.
 *
 * The products are the run's own: nobody else writes them, so a version without a writer is a fault. Deleting them at
 * the end makes the origin say which version each had, whatever the caches hold.
 */
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';
import { pick, seeded } from '../../packages/traffic/src/random.ts'; // By its path: k6 knows no packages.
import { type SummaryData, TREND_STATS } from '../lib/figures.ts';
import { outcomeOfWrite } from '../lib/outcome.ts';
import { planOf } from '../lib/plan.ts';
import { BREACHES, Session } from '../lib/session.ts';
import { type Answer, ask, note } from './client.ts';
import { summary } from './summary.ts';

const PRODUCTS = 20;
const SESSIONS = 24;
/** Products of one session, next to each other: few, so that it meets its own writes again, and those of its neighbours. */
const OWN_PRODUCTS = 5;
const WRITES = 0.3;
/** Of the reads without a token. */
const STRONG = 0.25;
/** How often, and how far apart, the end asks the origin for its word while it is not there. */
const TRIES = 20;
const BETWEEN_TRIES_S = 0.5;
/** What a read may be later than S, besides: the last writes are then older than S for certain. */
const MARGIN_S = 0.1;

const { url, targets, boundMs, rate, durationS, run } = planOf(__ENV);
const NAME = '/products/:id';
/** Everything is noted, so nothing counts as a failed request here: what may not fail is what `scale` asks. */
const ANY = [200, 201, 204, 404, 500, 502, 503, 504];

export const options = {
  summaryTrendStats: TREND_STATS,
  scenarios: {
    coherence: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${durationS}s`,
      preAllocatedVUs: SESSIONS,
      maxVUs: SESSIONS,
    },
  },
  thresholds: Object.fromEntries(BREACHES.map((breach) => [breach, ['count==0']])),
};

const counters = new Map(BREACHES.map((breach) => [breach, new Counter(breach)]));
const random = seeded(1 + __VU);
const session = new Session({ boundMs, tokens: __VU % 2 === 1 });

export function setup(): { ids: number[] } {
  const ids: number[] = [];
  for (let n = 0; n < PRODUCTS; n++) {
    const json = { sku: `load-${run}-${n}`, name: 'Of a load test', category: 'load-test', priceCents: 0, stock: 0 };
    const { response, version } = ask('POST', `${url}/products`, { name: '/products', json });
    if (response.status !== 201 || version === null) {
      throw new Error(`POST /products answered ${response.status} ${response.error || response.body}; expected 201`);
    }
    const { id } = JSON.parse(response.body ?? '') as { id: number };
    ids.push(id);
    note({ note: 'initial', key: keyOf(id), version });
  }
  return { ids };
}

export default function coherence({ ids }: { ids: number[] }): void {
  const id = ids[(__VU + Math.floor(random() * OWN_PRODUCTS)) % ids.length] ?? 0;
  const target = pick(random, targets);
  if (random() < WRITES) write(id, target);
  else read(id, target, random() < STRONG ? 'strong' : 'bounded');
}

/** When every write is older than S, every replica has to serve the last one; then the origin gives its word. */
export function teardown({ ids }: { ids: number[] }): void {
  sleep(boundMs / 1_000 + MARGIN_S);
  for (const target of targets) for (const id of ids) read(id, target, 'bounded');
  for (const id of ids) {
    for (let tries = 0; tries < TRIES; tries++) {
      const { response, version } = ask('DELETE', `${url}/products/${id}`, { name: NAME, expected: ANY });
      // A deletion is a write too: it has the version after the last.
      if (response.status === 204 && version !== null) note({ note: 'final', key: keyOf(id), version: version - 1 });
      if (response.status === 204 || response.status === 404) break;
      sleep(BETWEEN_TRIES_S);
    }
  }
}

function read(id: number, target: string, asked: 'bounded' | 'strong'): void {
  const { token } = session;
  const headers = token === null ? { Consistency: asked } : { 'Consistency-Token': token };
  const answer = ask('GET', `${target}/products/${id}`, { name: NAME, headers, expected: ANY });
  const { response, version } = answer;
  if (response.status !== 200 || version === null) return;
  const key = keyOf(id);
  const level = token === null ? asked : 'session';
  note({ note: 'operation', kind: 'read', level, ...common(key, answer), version, outcome: 'ok' });
  count(session.read(key, version, answer));
  session.answered(response.headers['Consistency-Token']);
}

function write(id: number, target: string): void {
  const headers = session.token === null ? {} : { 'Consistency-Token': session.token };
  const json = { priceCents: Math.floor(random() * 100_000) };
  const answer = ask('PATCH', `${target}/products/${id}`, { name: NAME, headers, json, expected: ANY });
  const { response, version } = answer;
  const key = keyOf(id);
  const outcome = outcomeOfWrite(response);
  // An acknowledgement without a version proves nothing, so it counts as none.
  const known = outcome === 'ok' && version !== null;
  const end = known ? 'ok' : outcome === 'ok' ? 'unknown' : outcome;
  note({ note: 'operation', kind: 'write', ...common(key, answer), version: known ? version : null, outcome: end });
  if (known) count(session.wrote(key, version, answer));
  session.answered(response.headers['Consistency-Token']);
}

function common(key: string, { start, end, servedBy, tier }: Answer) {
  return { client: `session ${__VU}`, key, start, end, replica: servedBy, tier };
}

function count(breaches: readonly (typeof BREACHES)[number][]): void {
  for (const breach of breaches) counters.get(breach)?.add(1);
}

function keyOf(id: number): string {
  return `product:${id}`;
}

export const handleSummary = (data: SummaryData) => summary(data, BREACHES);
