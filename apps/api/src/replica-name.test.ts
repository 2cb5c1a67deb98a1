import { expect, test } from 'vitest';
import { findReplicaName, nameFromPointer } from './replica-name.ts';

test.each([
  ['shop-api-2.shop_default', 'api-2'],
  ['my-shop-api-10.my-shop_internal', 'api-10'],
  ['my_shop-api-1.my_shop_default', 'api-1'],
  ['ip-10-0-0-1.ec2.internal', 'ip-10-0-0-1'],
  ['host', 'host'],
  ['', undefined],
  [undefined, undefined],
])('%s -> %s', (pointer, name) => expect(nameFromPointer(pointer)).toBe(name));

test('there always is a name that peers and headers can be told', async () => {
  expect(await findReplicaName()).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
});
