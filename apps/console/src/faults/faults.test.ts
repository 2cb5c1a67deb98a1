import { expect, test } from 'vitest';
import type { Control } from '../cluster/control.ts';
import { Faults } from './faults.ts';

const WAYS: Readonly<Record<string, (faults: Faults) => Promise<void>>> = {
  'by itself': (faults) => faults.undo(faults.all()[0]?.id ?? ''),
  'with all others': (faults) => faults.undoAll(),
};

test.each(Object.keys(WAYS))('a fault that is undone, %s, while it begins is healed when it has begun', async (way) => {
  const orders: string[] = [];
  const silent = Promise.withResolvers<void>();
  const link = async (...[replica, role, fault]: Parameters<Control['link']>) => {
    if (fault !== null) await silent.promise;
    orders.push(`${replica} ${role} ${fault?.kind ?? 'healed'}`);
  };
  const faults = new Faults({
    scene: {
      control: { link } as Control,
      redisUrl: null,
      databaseUrl: '',
      clusterUrl: '',
      replicas: () => ['api-1'],
      urlOf: () => null,
      victimId: 1,
      unacknowledged: () => undefined,
    },
    log: () => undefined,
  });
  const begun = faults.begin({ kind: 'blackhole-bus', target: 'api-1' });
  const undone = WAYS[way]?.(faults);
  silent.resolve();
  await Promise.all([begun, undone]);
  expect(orders).toEqual(['api-1 bus blackhole', 'api-1 bus healed']);
  expect(faults.all()).toEqual([]);
});
