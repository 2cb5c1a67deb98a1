import { redisSays } from '../../packages/cluster/test/redis-says.ts';

/** Something that goes on beside a load until it is ended. */
export interface Nemesis {
  readonly strikes: number;
  end(): Promise<void>;
}

/** Ends every subscription that Redis has, again and again. */
export function killSubscribers(redisUrl: string, everyMs: number): Nemesis {
  let strikes = 0;
  let killed = 0;
  let going: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    going = redisSays(redisUrl, 'CLIENT KILL TYPE pubsub').then((answer) => {
      strikes++;
      killed += Number(/:(\d+)/.exec(answer)?.[1] ?? 0);
    });
    going.catch(() => undefined);
  }, everyMs);
  return {
    get strikes() {
      return killed;
    },
    end: async () => {
      clearInterval(timer);
      await going;
      if (strikes === 0) throw new Error('nothing was killed: the load was over too soon');
    },
  };
}
