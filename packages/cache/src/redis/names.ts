/** The names of one partition in Redis. The braces keep them on one hash slot, so that a script may use all of them. */
export interface Names {
  readonly meta: string;
  readonly journal: string;
  readonly tags: string;
  readonly tagTimes: string;
  readonly replicas: string;
  readonly marks: string;
  readonly bus: string;
  key(key: string): string;
}

export function partitionNames(namespace: string, partition: number): Names {
  const prefix = `{${namespace}:${partition}}`;
  const keyPrefix = `${prefix}k:`;
  return {
    meta: `${prefix}meta`,
    journal: `${prefix}journal`,
    tags: `${prefix}tags`,
    tagTimes: `${prefix}tagTimes`,
    replicas: `${prefix}replicas`,
    marks: `${prefix}marks`,
    bus: `${prefix}bus`,
    key: (key) => keyPrefix + key,
  };
}
