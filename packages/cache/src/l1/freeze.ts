/** Freezes a decoded value through and through, so that no reader can change what the others are served. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const name in value) {
    const part = value[name];
    if (typeof part === 'object' && part !== null) freeze(part);
  }
  return Object.freeze(value);
}

/** The same for what JSON.parse has just made, of which nothing is frozen yet and nothing can lead back to itself. */
export function freezeParsed<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const name in value) {
    const part = value[name];
    if (typeof part === 'object' && part !== null) freezeParsed(part);
  }
  return Object.freeze(value);
}
