import { Partition } from '@lockstep/cache/core/partition';
import { Read } from '@lockstep/cache/core/read';
import { Relay } from '@lockstep/cache/core/relay';
import { Write } from '@lockstep/cache/core/write';
import type { Mechanisms } from '../world/scope.ts';

/** The core with one rule taken out, by methods put in the place of its own. The shipped code is not touched. */

type Methods = Record<string, (this: never, ...args: never[]) => unknown>;

export function reading(methods: Methods): Mechanisms {
  const Changed = changed(Read, methods);
  return { read: (partition, request) => new Changed(partition, request) };
}

export function applying(methods: Methods): Mechanisms {
  const Changed = changed(Partition, methods);
  return { partition: (options) => new Changed(options) };
}

export function writing(methods: Methods): Mechanisms {
  const Changed = changed(Write, methods);
  return { write: (partition, request) => new Changed(partition, request) };
}

export function relaying(methods: Methods): Mechanisms {
  const Changed = changed(Relay, methods);
  return { relay: (partition, options) => new Changed(partition, options) };
}

/** A subclass with other methods, private ones as well. */
function changed<C extends new (...args: never[]) => object>(Base: C, methods: Methods): C {
  const Changed = class extends (Base as new (...args: never[]) => object) {};
  for (const [name, method] of Object.entries(methods)) {
    if (!(name in Base.prototype)) throw new TypeError(`${Base.name} has no ${name} to take out`);
    Object.defineProperty(Changed.prototype, name, { value: method });
  }
  return Changed as C;
}

/** What the core itself would have done. */
export function inherited(changedCore: object, name: string, ...args: unknown[]): unknown {
  const base = Object.getPrototypeOf(Object.getPrototypeOf(changedCore)) as Record<
    string,
    (...args: unknown[]) => unknown
  >;
  return base[name]?.apply(changedCore, args);
}
