import type { Level } from '@lockstep/history';
import type { Control } from './cluster/control.ts';
import { type Faults, numberIn } from './faults/faults.ts';
import type { Fields, Orders } from './http/server.ts';
import type { Answer } from './observe/ask.ts';
import type { Observer } from './observe/observer.ts';
import { Refusal } from './refusal.ts';
import type { Scenarios } from './scenarios/scenarios.ts';
import type { Clients } from './traffic/clients.ts';
import { RPS_MOST } from './traffic/generator.ts';

const REPLICAS_MOST = 16;
const PRICE_MOST = 2 ** 31 - 1;
const LEVELS: readonly string[] = ['bounded', 'session', 'strong'];

export interface OrdersParts {
  readonly control: Control | null;
  readonly observer: Observer;
  readonly clients: Clients;
  readonly faults: Faults;
  readonly scenarios: Scenarios;
}

/** Obeys the page. What takes longer than an answer may is begun, and told by the stream. */
export function createOrders({ control, observer, clients, faults, scenarios }: OrdersParts): Orders {
  const begun = (what: string, work: Promise<unknown>) => {
    observer.log.add('order', null, what);
    // Also when what comes of it cannot be looked at, as the launcher is gone by then: nobody else would catch that.
    work
      .then(() => observer.site.refresh())
      .catch((error: unknown) =>
        observer.log.add('trouble', null, `${what}: ${error instanceof Error ? error.message : error}`),
      );
  };
  const launcher = (): Control => {
    if (control === null) throw new Refusal(409, 'there is no launcher here that could do that');
    return control;
  };
  const free = () => {
    if (scenarios.running) throw new Refusal(409, 'not while a scenario runs: end it first');
  };
  /**
   * 1: the replicas are on their way to another protocol, and api-1 is being restarted. 2: api-3 is killed, to come back in a
   * minute, or cut off from what it needs to start. 3: its turn comes, and lasts as long as that: nothing is judged for a
   * minute, and nobody sees why.
   */
  const settled = () => {
    if (!observer.changing) return;
    const words = 'not while the replicas change their protocol: wait until all of them speak it';
    throw new Refusal(409, words, 'E_CONSOLE_CHANGING');
  };
  return {
    fault: async (fields) => {
      free();
      settled();
      return faults.begin(fields);
    },
    undo: (id) => faults.undo(id),
    traffic: async (fields) => {
      const { rps, writesPercent } = clients.settings;
      clients.set({
        rps: numberIn(fields, 'rps', 0, RPS_MOST, rps),
        writesPercent: numberIn(fields, 'writesPercent', 0, 100, writesPercent),
      });
    },
    scale: async (fields) => {
      free();
      const replicas = Math.trunc(numberIn(fields, 'replicas', 1, REPLICAS_MOST));
      begun(`scale to ${replicas}`, launcher().scale(replicas));
    },
    protocol: async ({ protocol }) => {
      free();
      if (protocol !== 'naive' && protocol !== 'guarded') throw new Refusal(400, 'protocol has to be naive or guarded');
      begun(`replicas become ${protocol}, one after the other`, observer.whileMixed(launcher().protocol(protocol)));
    },
    scenario: async ({ name }) => scenarios.begin(String(name), launcher()),
    endScenario: () => scenarios.end(),
    edit: async (fields) => {
      const priceCents = Math.trunc(numberIn(fields, 'priceCents', 0, PRICE_MOST));
      const edited = await observer.direct.edit(idOf(fields.id), priceCents);
      return { ...shown(edited?.answer ?? null), outcome: edited?.operation.outcome };
    },
    product: async (id, fields) =>
      shown(await observer.direct.look(idOf(id), replicaOf(fields, observer), levelOf(fields))),
  };
}

function idOf(value: unknown): number {
  const id = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 1) return id;
  throw new Refusal(400, `id has to be that of a product, not ${JSON.stringify(value)}`);
}

function levelOf({ level = 'bounded' }: Fields): Level {
  if (typeof level === 'string' && LEVELS.includes(level)) return level as Level;
  throw new Refusal(400, `level has to be one of ${LEVELS.join(', ')}`);
}

function replicaOf({ replica }: Fields, observer: Observer): string | null {
  if (replica === undefined || replica === '') return null;
  if (typeof replica === 'string' && observer.site.urlOf(replica) !== null) return replica;
  throw new Refusal(404, `there is no replica ${JSON.stringify(replica)} that can be asked directly`);
}

/** An answer with the headers that say where it comes from. */
function shown(answer: Answer | null): object {
  if (answer === null) throw new Refusal(504, 'no answer in time');
  const kept = Object.entries(answer.headers).filter(([name]) =>
    /^(x-|age$|etag$|consistency-token$|server-timing$)/.test(name),
  );
  return { status: answer.status, headers: Object.fromEntries(kept), product: parsed(answer.body) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
