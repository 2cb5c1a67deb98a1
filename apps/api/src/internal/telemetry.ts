import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Messages } from '@lockstep/cache';

/** Hears what the cache of this name says of itself, until the returned function is called. */
export function hear<N extends keyof Messages>(
  name: N,
  cache: string,
  listener: (message: Messages[N]) => void,
): () => void {
  const heard = (message: unknown) => {
    const said = message as Messages[N];
    // Several caches may live in one process.
    if (said.cache === cache) listener(said);
  };
  subscribe(`lockstep:${name}`, heard);
  return () => {
    unsubscribe(`lockstep:${name}`, heard);
  };
}
