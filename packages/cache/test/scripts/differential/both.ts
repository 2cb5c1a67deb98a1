import type { Without } from '@lockstep/model/redis';
import { expect } from 'vitest';
import type { Asked } from './asked.ts';
import type { Real } from './real.ts';
import { Simulated } from './simulated.ts';
import { BEGINNING, type Call, LEASED, type Step } from './steps.ts';

/**
 * Runs the steps on a real Redis and on the simulation, which replaces what it holds or changes it in place, and throws at the first reply, or the final state, in which they
 * differ. What a step refers to (the present clock, a granted lease, the epoch before) is looked up in the simulation:
 * as long as nothing differs, it is the same on the other side. So nobody has to wait for one reply to send the next step.
 */
export async function runOnBoth(real: Real, steps: readonly Step[], without: Without = {}): Promise<void> {
  await real.begin();
  const simulated = new Simulated(without);
  const inPlace = new Simulated(without, true);
  const clients = new Clients(simulated);
  let replies: { readonly what: string; readonly expected: object; readonly reply: Promise<object> }[] = [];
  const settle = async () => {
    // All of them first: what is still on its way when this fails would reach into the next run.
    const answered = await Promise.all(replies.map(({ reply }) => reply));
    for (const [index, { what, expected }] of replies.entries()) {
      expect(real.comparable.reply(answered[index] ?? {}), what).toEqual(simulated.comparable.reply(expected));
    }
    replies = [];
  };
  for (const [index, step] of [...BEGINNING, ...steps].entries()) {
    const nonce = `n${index}`;
    // Faults come on another connection, and GETs are gathered until the end of the turn: neither keeps its place in line.
    const alone = !('adopt' in step) || step.do === 'get';
    if (alone) await settle();
    if (!('adopt' in step)) {
      await real.suffer(step);
      simulated.suffer(step, nonce);
      inPlace.suffer(step, nonce);
      continue;
    }
    for (let time = 0; time < (step.do === 'beat' ? step.times : 1); time++) {
      const asked = clients.ask(step, `${nonce}x${time}`);
      const expected = simulated.ask(asked);
      const what = `step ${index}, ${JSON.stringify(step)}`;
      expect(inPlace.ask(asked), `${what}, in place`).toEqual(expected);
      replies.push({ what, expected, reply: real.ask(asked) });
      clients.told(step, asked, expected);
    }
    if (alone) await settle();
  }
  await settle();
  const state = simulated.state();
  expect(inPlace.state(), 'the state at the end, in place').toEqual(state);
  expect(await real.state(), 'the state at the end').toEqual(state);
}

/** Two clients' epochs and leases. */
class Clients {
  readonly #simulated: Simulated;
  readonly #epochs = ['', ''];
  /** Every epoch that a client was told of. */
  readonly #known: string[] = [''];
  readonly #leases = new Map<string, Asked['lease'] & { readonly key: string }>();

  constructor(simulated: Simulated) {
    this.#simulated = simulated;
  }

  ask(call: Call, nonce: string): Asked {
    const { facts } = this.#simulated;
    const own = this.#epochs[call.by] ?? '';
    const other = this.#epochs[1 - call.by] ?? '';
    const token = 'token' in call ? call.token : '';
    const lease = this.#leases.get(token) ?? { token, epoch: own, f: 0, key: 'k' };
    const key = 'key' in call && call.key !== LEASED ? call.key : lease.key;
    let epoch = own;
    if (call.do === 'fill' || call.do === 'release') epoch = lease.epoch;
    if (call.do === 'renew') epoch = call.offered === 'present' ? facts.epoch : this.#past(call.offered);
    if ('under' in call && call.under !== 'own') epoch = call.under === 'other' ? other : facts.epoch;
    const from = call.do === 'prove' ? facts.probe : facts.clock;
    const clock = 'behind' in call ? Math.max(0, from - call.behind) : 0;
    const named = call.do !== 'bless' ? '' : call.which === 'previous' ? facts.previous : this.#past(call.which);
    return { call, epoch, own, nonce, key, lease, clock, named };
  }

  told(call: Call, { own }: Asked, reply: object): void {
    const answer = reply as { is: string; epoch?: string; clock?: number };
    if (answer.is === 'epoch' && answer.epoch !== undefined) {
      this.#known.push(answer.epoch);
      if (call.adopt) this.#epochs[call.by] = answer.epoch;
    }
    if (call.do === 'lease' && answer.is === 'granted') {
      this.#leases.set(call.token, { token: call.token, epoch: own, f: answer.clock ?? 0, key: call.key });
    }
  }

  #past(index: number): string {
    return this.#known[index % this.#known.length] ?? '';
  }
}
