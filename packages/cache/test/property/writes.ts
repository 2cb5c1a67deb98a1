import * as scripts from '@lockstep/model/redis';
import type { Partition } from '../../src/core/partition.ts';
import { Write, type WriteEffect } from '../../src/core/write.ts';
import type { Line } from './line.ts';
import { type Key, LONGEST_MARK_MS, type Surroundings, TAG } from './surroundings.ts';

const COMMIT_LIMIT_MS = 25;

/** The writes of one replica: performs the effects of `Write`, as writer.ts does, step by step. */
export class Writes {
  readonly #world: Surroundings;
  readonly #partition: Partition;
  readonly #line: Line;

  constructor(world: Surroundings, partition: Partition, line: Line) {
    this.#world = world;
    this.#partition = partition;
    this.#line = line;
  }

  /** `product` by `mutate`, `plain` by `invalidate` after its commit. */
  begin(key: 'product' | 'plain', ended: () => void): void {
    if (key === 'plain') {
      this.#invalidate(key, this.#world.commit(key), ended);
      return;
    }
    const request = { keys: [key], tags: [TAG], writer: this.#world.nonce(), markMs: LONGEST_MARK_MS };
    const plain = { writes: 'bounded', leaseMs: 0, onUnreachable: 'fail' } as const;
    const write = new Write(this.#partition, { ...request, ...plain, commitLimitMs: COMMIT_LIMIT_MS });
    this.#step(write, key, write.start(this.#world.now), 0, ended);
  }

  #step(write: Write, key: Key, effect: WriteEffect, version: number, ended: () => void): void {
    const { redis, origin } = this.#world;
    const request = { keys: [key], writer: write.writer };
    switch (effect.do) {
      case 'mark':
        this.#line.send(
          (caller) => scripts.mark(redis, caller, { ...request, tags: [TAG], durationMs: effect.durationMs }),
          (sent, reply) => this.#step(write, key, write.marked(sent, reply, this.#world.now), 0, ended),
        );
        break;
      case 'commit': {
        const endsAt = this.#world.now + COMMIT_LIMIT_MS;
        origin.push(() => {
          // The origin ends a transaction at its limit (A5).
          if (this.#world.now > endsAt) this.#step(write, key, write.aborted(new Error('limit')), 0, ended);
          else this.#step(write, key, write.committed(), this.#world.commit(key), ended);
        });
        return;
      }
      case 'unmark':
        this.#line.send(
          (caller) => scripts.unmark(redis, caller, { ...request, tags: effect.tags }),
          (sent, reply) => this.#step(write, key, write.unmarked(sent, reply, this.#world.now), version, ended),
        );
        break;
      case 'repeat':
        origin.push(() => this.#step(write, key, write.committed(), version, ended));
        return;
      case 'acknowledge':
        this.#world.acknowledge(key, version);
        ended();
        break;
      case 'refuse':
        ended();
        break;
      default:
        throw new Error(`no bounded write asks for ${effect.do}`);
    }
  }

  #invalidate(key: Key, version: number, ended: () => void): void {
    this.#line.send(
      (caller) => scripts.invalidate(this.#world.redis, caller, { keys: [key] }),
      (sent, reply) => {
        if (reply.is === 'ok') {
          this.#partition.wrote(sent, { clock: reply.clock, keys: [key], tags: [], at: 0 });
          this.#world.acknowledge(key, version);
          ended();
          return;
        }
        if (reply.is === 'epoch') this.#partition.offered(sent, reply);
        this.#world.origin.push(() => this.#invalidate(key, version, ended));
      },
    );
  }
}
