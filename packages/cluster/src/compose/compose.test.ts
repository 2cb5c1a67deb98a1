import { expect, test } from 'vitest';
import { resolveOptions } from '../options.ts';
import { containerOf, type Inspected } from './compose.ts';
import { composeEnvironment, notOffered } from './open-compose-cluster.ts';
import { ReplicaContainer, viewIn } from './replica-container.ts';

const INSPECTED: Inspected = {
  Id: 'abc',
  Config: { Labels: { 'com.docker.compose.service': 'api', 'com.docker.compose.container-number': '2' } },
  State: { Running: true, ExitCode: 0, Health: { Status: 'healthy' } },
  NetworkSettings: {
    Ports: { '8080/tcp': [{ HostPort: '18080' }], '3000/tcp': null },
    Networks: { shop_front: { IPAddress: '172.20.0.4' }, shop_inner: { IPAddress: '172.21.0.7' } },
  },
};

test('what the engine says of a container', () => {
  expect(containerOf(INSPECTED, 'shop')).toEqual({
    id: 'abc',
    service: 'api',
    number: 2,
    running: true,
    exitCode: 0,
    health: 'healthy',
    published: { '8080/tcp': 18_080 },
    addresses: { front: '172.20.0.4', inner: '172.21.0.7' },
  });
});

test('a container without a health check or networks', () => {
  const { Health: _, ...State } = INSPECTED.State;
  const NetworkSettings = { Ports: null, Networks: {} };
  expect(containerOf({ ...INSPECTED, State, NetworkSettings }, 'shop')).toMatchObject({
    health: 'none',
    addresses: {},
  });
});

test('a replica that is down has no pid and no URL', async () => {
  const down = containerOf({ ...INSPECTED, State: { ...INSPECTED.State, Running: false } }, 'shop');
  const row = { name: 'api-2', url: null, internal: null, pid: null, state: 'down' };
  expect(await new ReplicaContainer(down).status()).toEqual(row);
});

test('a status is taken out of an answer of HTTP, and nothing else is taken for one', () => {
  const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n${body}`;
  const partitions = [{ epoch: 'e', quarantineMs: 0 }];
  expect(viewIn(answer(JSON.stringify({ state: 'parked', partitions })))).toEqual({ state: 'parked', partitions });
  for (const other of ['', '{', '{"state":"asleep","partitions":[]}', '{"state":"ready"}']) {
    expect(viewIn(answer(other))).toBeNull();
  }
});

test('what containers do not have is refused, each with what to do', () => {
  expect(notOffered({ replicas: 6, protocol: 'naive', links: false })).toEqual([]);
  const refused = notOffered({ keep: '/var/tmp/x', links: true, showLine: () => undefined, replicaCommand: ['x'] });
  expect(refused.map((line) => /--keep|--logs|links|docker-compose\.yml/.exec(line)?.[0])).toEqual([
    '--keep',
    '--logs',
    'links',
    'docker-compose.yml',
  ]);
});

test('the settings go before the environment', () => {
  const resolved = resolveOptions({
    protocol: 'naive',
    stalenessMs: 2_000,
    env: { CACHE_L1: 'lru', CACHE_PROTOCOL: 'x' },
  });
  expect(composeEnvironment(resolved, 8_085, 8_095)).toEqual({
    LOCKSTEP_PORT: '127.0.0.1:8085',
    LOCKSTEP_CONSOLE_PORT: '8095',
    CACHE_L1: 'lru',
    CACHE_PROTOCOL: 'naive',
    CACHE_WRITES: 'bounded',
    CACHE_STALENESS_MS: '2000',
  });
});

test('without a port for it, there is no console', () => {
  const environment = composeEnvironment(resolveOptions({}), 8_085, null);
  expect(environment).toMatchObject({ LOCKSTEP_CONSOLE: '0' });
  expect(environment).not.toHaveProperty('LOCKSTEP_CONSOLE_PORT');
});
