/** Smoke: each route of docs/HTTP.md once per turn, with what must come of it. Says what is broken, not how fast it is. */
import execution from 'k6/execution';
import { Counter } from 'k6/metrics';
import { type SummaryData, TREND_STATS } from '../lib/figures.ts';
import { codeOf } from '../lib/outcome.ts';
import { planOf } from '../lib/plan.ts';
import { type Answer, ask, note, type Question } from './client.ts';
import { summary } from './summary.ts';

const { url, durationS, run } = planOf(__ENV);

export const options = {
  summaryTrendStats: TREND_STATS,
  scenarios: { smoke: { executor: 'constant-vus', vus: 2, duration: `${durationS}s` } },
  thresholds: { unmet: ['count==0'], http_req_failed: ['rate==0'] },
};

const unmet = new Counter('unmet');

export default function smoke(): void {
  expect('GET /livez', ask('GET', `${url}/livez`, { name: '/livez' }), 200);
  expect('GET /readyz', ask('GET', `${url}/readyz`, { name: '/readyz' }), 200);
  lists();
  const id = create();
  if (id !== null) product(`${url}/products/${id}`);
}

function lists(): void {
  const list = ask('GET', `${url}/products?limit=5`, { name: '/products' });
  expect('GET /products', list, 200);
  const { items } = JSON.parse(list.response.body || '{}') as { items?: unknown[] };
  must('GET /products has items', Array.isArray(items), list);
  const wrong = ask('GET', `${url}/products?limit=0`, { name: '/products', expected: [400] });
  problem('GET /products?limit=0', wrong, 400, 'invalid_parameter');
}

function create(): number | null {
  const sku = `smoke-${run}-${execution.scenario.iterationInTest}`;
  const json = { sku, name: 'Of a smoke test', category: 'load-test', priceCents: 1, stock: 3 };
  const created = ask('POST', `${url}/products`, { name: '/products', json });
  expect('POST', created, 201, 1);
  if (created.response.status !== 201) return null;
  return (JSON.parse(created.response.body ?? '') as { id: number }).id;
}

/** The life of one product, each step of which grows its version by one. */
function product(at: string): void {
  const name = '/products/:id';
  const say = (method: string, more: Omit<Question, 'name'> = {}, path = '') =>
    ask(method, at + path, { name, ...more });
  expect('GET', say('GET'), 200, 1);
  const { response } = say('GET');
  const etag = response.headers.Etag ?? '';
  expect('GET, If-None-Match', say('GET', { headers: { 'If-None-Match': etag }, expected: [304] }), 304, 1);
  expect('PATCH, If-Match', say('PATCH', { json: { priceCents: 2 }, headers: { 'If-Match': etag } }), 200, 2);
  const late = say('PATCH', { json: { priceCents: 3 }, headers: { 'If-Match': etag }, expected: [412] });
  problem('PATCH, If-Match of before', late, 412, 'precondition_failed');
  const json = {
    sku: `${etag}-${run}`,
    name: 'Replaced',
    description: '',
    category: 'load-test',
    priceCents: 4,
    stock: 2,
  };
  expect('PUT', say('PUT', { json }), 200, 3);
  expect('POST purchase', say('POST', { json: { quantity: 2 } }, '/purchase'), 200, 4);
  const bare = say('POST', { json: { quantity: 1 }, expected: [409] }, '/purchase');
  problem('POST purchase of what is sold out', bare, 409, 'insufficient_stock');
  expect('GET, strong', say('GET', { headers: { Consistency: 'strong' } }), 200, 4);
  const deleted = say('DELETE');
  expect('DELETE', deleted, 204, 5);
  const token = deleted.response.headers['Consistency-Token'] ?? '';
  const gone = say('GET', { headers: { Consistency: 'strong', 'Consistency-Token': token }, expected: [404] });
  problem('GET of what is deleted', gone, 404, 'not_found');
}

function expect(what: string, answer: Answer, status: number, version: number | null = null): void {
  must(`${what}: ${status}`, answer.response.status === status, answer);
  if (version !== null) must(`${what}: version ${version}`, answer.version === version, answer);
}

function problem(what: string, answer: Answer, status: number, code: string): void {
  expect(what, answer, status);
  must(`${what}: ${code}`, codeOf(answer.response.body) === code, answer);
}

function must(what: string, met: boolean, { response, version, servedBy }: Answer): void {
  if (met) return;
  unmet.add(1);
  const said = (response.error || response.body || '').trim();
  note({ note: 'unmet', what, saw: `${response.status}, version ${version}, by ${servedBy}: ${said}` });
}

export const handleSummary = (data: SummaryData) => summary(data);
