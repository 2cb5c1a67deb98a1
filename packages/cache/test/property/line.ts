import type { Caller } from '@lockstep/model/redis';
import type { Partition } from '../../src/core/partition.ts';
import type { Sent, Unreachable } from '../../src/core/replies.ts';
import type { Surroundings } from './surroundings.ts';
import type { Wire } from './wire.ts';

/** What a replica sends to Redis: with what was true when it was sent, and executed when its turn comes. */
export class Line {
  readonly #world: Surroundings;
  readonly #partition: Partition;
  readonly #wire: Wire;

  constructor(world: Surroundings, partition: Partition, wire: Wire) {
    this.#world = world;
    this.#partition = partition;
    this.#wire = wire;
  }

  /** `epoch`: another one than the replica's. */
  send<R>(execute: (caller: Caller) => R, answer: (sent: Sent, reply: R | Unreachable) => void, epoch?: string): void {
    const now = this.#partition.sending(this.#world.now);
    const sent = { ...now, epoch: epoch ?? now.epoch };
    const caller = () => ({ epoch: sent.epoch, nonce: this.#world.nonce(), now: this.#world.now });
    const run = () => {
      const reply = execute(caller());
      this.#world.published();
      return reply;
    };
    this.#wire.send({ execute: run, answer: (reply) => answer(sent, reply as R | Unreachable) });
  }
}
