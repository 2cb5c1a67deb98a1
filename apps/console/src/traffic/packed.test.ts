import { expect, test } from 'vitest';
import { type Ended, Packer, Unpacker } from './packed.ts';

const READ: Ended = {
  ...{ client: 3, id: 9001, level: 'session', start: 10.25, end: 12.5, version: 7, outcome: 'ok' },
  ...{ replica: 'api-2', tier: 'L1' },
};

test('operations are after a journey between threads what they were, by the other clock', () => {
  const packer = new Packer();
  packer.add(READ, 1_000);
  packer.add({ ...READ, level: null, outcome: 'unknown', version: null, replica: undefined, tier: undefined }, 0);
  const unpacker = new Unpacker([9001]);
  expect(unpacker.all(structuredClone(packer.take()))).toEqual([
    {
      ...{ client: 'u3', key: 'product:9001', kind: 'read', level: 'session', start: 1_010.25, end: 1_012.5 },
      ...{ version: 7, outcome: 'ok', replica: 'api-2', tier: 'L1' },
    },
    {
      ...{ client: 'u3', key: 'product:9001', kind: 'write', start: 10.25, end: 12.5 },
      ...{ version: null, outcome: 'unknown', replica: undefined, tier: undefined },
    },
  ]);
  expect(unpacker.all(packer.take())).toEqual([]);
});

test('any number of them, in their order, with the names of their own batch', () => {
  const packer = new Packer();
  const unpacker = new Unpacker([]);
  for (const round of [1, 2]) {
    for (let i = 0; i < 500; i++) packer.add({ ...READ, id: i, replica: `api-${round}-${i % 12}` }, 0);
    const found = unpacker.all(packer.take());
    expect(found.map(({ key }) => key)).toEqual(Array.from({ length: 500 }, (_, i) => `product:${i}`));
    expect(found.map(({ replica }) => replica)).toEqual(
      Array.from({ length: 500 }, (_, i) => `api-${round}-${i % 12}`),
    );
  }
});
