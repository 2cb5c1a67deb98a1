/**
 * Steady: what a shop's day looks like. An open model, as users come whether or not the shop is slow; a few products
 * get most of the requests (Zipf, s = 0.99); 19 of 20 requests read.
 */
import { seeded, zipf } from '../../packages/traffic/src/random.ts'; // By its path: k6 knows no packages.
import { type SummaryData, TREND_STATS } from '../lib/figures.ts';
import { planOf } from '../lib/plan.ts';
import { ask } from './client.ts';
import { summary } from './summary.ts';

const PRODUCTS = 10_000;
const SKEW = 0.99;
const WRITES = 0.05;
/** Of the planned iterations, those that may be dropped: a machine may stall for a moment. */
const DROPPED_MOST = 0.01;

const { url, rate, durationS } = planOf(__ENV);

export const options = {
  summaryTrendStats: TREND_STATS,
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${durationS}s`,
      preAllocatedVUs: 100,
      maxVUs: 200,
    },
  },
  thresholds: {
    http_req_failed: ['rate==0'],
    http_req_duration: ['p(99)<500'],
    dropped_iterations: [`count<=${Math.ceil(rate * durationS * DROPPED_MOST)}`],
  },
};

const random = seeded(1 + __VU);
const rank = zipf(random, PRODUCTS, SKEW);

export default function steady(): void {
  const product = `${url}/products/${1 + rank()}`;
  // Whoever uses the cluster beside us may have deleted a product: 404 is then the right answer.
  const question = { name: '/products/:id', expected: [200, 404] };
  if (random() >= WRITES) ask('GET', product, question);
  else ask('PATCH', product, { ...question, json: { priceCents: Math.floor(random() * 100_000) } });
}

export const handleSummary = (data: SummaryData) => summary(data);
