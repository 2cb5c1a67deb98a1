import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { parseMessage } from '../core/entry.ts';
import type { Ports } from '../ports.ts';
import { REAL_TIME } from '../time.ts';
import { Bus } from './bus.ts';
import { Commands } from './commands.ts';
import { Connection } from './connection.ts';
import { partitionNames } from './names.ts';

/** Redis, the process' clock and its randomness. One command connection and one bus connection for all partitions. */
export function redisPorts(): Ports {
  const start = randomBytes(8).toString('hex');
  let sendings = 0;
  const nonce = () => start + (sendings++).toString(36);
  return {
    time: REAL_TIME,
    random: Math.random,
    nonce,
    link(settings, lives, events) {
      const { name, namespace, stalenessMs, l2TtlMs, loadLimitMs } = settings;
      const names = Array.from({ length: settings.partitions }, (_, index) => partitionNames(namespace, index));
      const connection = new Connection(settings.redisUrl, `lockstep:${name}:command`, stalenessMs, {
        closed: events.closed,
        ready: events.ready,
        failed: (error) => events.failed('the command connection', error),
      });
      const channels = names.map(({ bus }) => bus);
      const bus = new Bus(settings.busUrl, `lockstep:${name}:bus`, channels, stalenessMs, {
        message: (channel, text) => events.heard(channels.indexOf(channel), parseMessage(text) ?? null),
        subscribed: events.ready,
        failed: (error) => events.failed('the bus', error),
      });
      const common = {
        replica: name,
        start,
        address: hostname(),
        l2TtlMs,
        loadLimitMs,
        markMs: lives.markMs,
        leaseMs: lives.leaseMs,
        beyondMarkMs: lives.beyondMarkMs,
        rowAgeMs: stalenessMs + lives.markMs + lives.beyondMarkMs,
      };
      return {
        requests: (partition) => {
          const own = names[partition.index];
          if (own === undefined) throw new Error(`there is no partition ${partition.index}`);
          return new Commands(connection, partition, own, common, REAL_TIME.now, nonce);
        },
        connect: () => {
          connection.connect();
          bus.connect();
        },
        closeCommands: () => connection.close(),
        closeBus: () => bus.close(),
      };
    },
  };
}
