import { Redis } from 'ioredis';

const LIMIT_MS = 3_000;

/** Sends one command to Redis itself, past every replica and link; rejects with the reason. */
export async function redisSays(url: string, command: string, ...args: string[]): Promise<unknown> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: LIMIT_MS,
    commandTimeout: LIMIT_MS,
    enableReadyCheck: false,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await redis.call(command, ...args);
  } finally {
    redis.disconnect();
  }
}

/** True when the user of this URL may not give a command: asked with an argument that nobody takes, so that it never acts. */
export async function isForbidden(url: string, [command = '', ...args]: readonly string[]): Promise<boolean> {
  const said = await redisSays(url, command, ...args.slice(0, -1), 'nonsense').catch((error: Error) => error.message);
  return typeof said === 'string' && said.startsWith('NOPERM');
}
