/**
 * A map that one server has for itself, and changes in place. All others are shared with copies of their state, so they are
 * replaced; that is cheap where states are copied at every step, and dear where one server runs a long way alone.
 */
export class Own<V> extends Map<string, V> {}

export function emptyLike<V>(other: ReadonlyMap<string, unknown>): ReadonlyMap<string, V> {
  return other instanceof Own ? new Own<V>() : new Map<string, V>();
}

export function put<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return (map instanceof Own ? (map as Own<V>) : new Map(map)).set(key, value);
}

export function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = map instanceof Own ? (map as Own<V>) : new Map(map);
  rest.delete(key);
  return rest;
}

/** The map itself where nobody changes it, a copy where somebody does. */
export function copyOf<V>(map: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  return map instanceof Own ? new Own<V>(map) : map;
}
