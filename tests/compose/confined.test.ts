/**
 * What a container of the cluster may do, asked of the engine and tried within: nobody is root, nothing can be written
 * but data, every resource has a limit; only nginx has a port for others, and the console one for this machine; the
 * private side of the replicas is reached from the inner network and not by nginx; secrets come as files; nothing is left when it has been removed.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Container } from '../../packages/cluster/src/compose/compose.ts';
import { docker } from '../../packages/cluster/src/compose/docker.ts';
import { ask, header } from '../lib/client.ts';
import { type Composed, startComposed } from '../lib/composed.ts';

interface Confinement {
  readonly Config: { readonly User: string; readonly Env: readonly string[] };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[];
    readonly SecurityOpt: readonly string[];
    readonly Init: boolean;
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly PidsLimit: number;
    readonly Privileged: boolean;
  };
}

interface Snapshot {
  readonly cluster: { readonly available: Readonly<Record<string, boolean>> };
  readonly members: readonly { readonly name: string; readonly kind: string; readonly state: string }[];
}

interface Published {
  readonly NetworkSettings: { readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string }[] | null>> };
}

const SERVICES = ['api', 'api', 'api', 'console', 'migrate', 'nginx', 'postgres', 'redis'];

describe.skipIf(inject('engineProblem') !== null)('docker compose up', () => {
  let cluster: Composed;
  let containers: Container[];

  beforeAll(async () => {
    cluster = await startComposed('confined', {}, { console: true });
    containers = await cluster.compose.containers();
  });
  afterAll(() => cluster?.remove());

  const of = (service: string) => containers.find((container) => container.service === service);
  const within = (service: string, script: string) =>
    docker(['exec', of(service)?.id ?? '', 'bash', '-c', script]).then(
      (said) => said.trim(),
      (error: Error) => error.message,
    );

  /** The console's picture, as a page that was just opened gets it. */
  const pictureSeen = async () => {
    const stream = await fetch(`${cluster.console}/api/events`);
    let text = '';
    for await (const part of stream.body as unknown as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(part);
      const [, data] = /event: snapshot\ndata: (.*)\n\n/.exec(text) ?? [];
      if (data !== undefined) return JSON.parse(data) as Snapshot;
    }
    throw new Error('the stream ended without a snapshot');
  };
  const replicasSeen = async () =>
    (await pictureSeen()).members
      .filter(({ kind, state }) => kind === 'replica' && state !== 'gone')
      .map(({ name }) => name)
      // They come in the order in which they were found, and any of them may have been slow to start.
      .sort();

  test('every service is there, healthy, or has ended well', () => {
    expect(containers.map(({ service }) => service)).toEqual(SERVICES);
    const well = ({ health, running, exitCode }: Container) => health === 'healthy' || (!running && exitCode === 0);
    expect(containers.filter((container) => !well(container))).toEqual([]);
  });

  test('no root, no rights, read-only, and a limit to everything', async () => {
    const inspected = JSON.parse(await docker(['inspect', ...containers.map(({ id }) => id)])) as Confinement[];
    expect(inspected).toHaveLength(SERVICES.length);
    for (const { Config, HostConfig } of inspected) {
      expect(Config.User).toMatch(/^(node|nginx|redis|postgres)$/);
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Init: true,
        Privileged: false,
      });
      const { Memory, NanoCpus, PidsLimit } = HostConfig;
      for (const limit of [Memory, NanoCpus, PidsLimit]) expect(limit).toBeGreaterThan(0);
      expect(Config.Env.filter((variable) => variable.includes('lockstep-demo'))).toEqual([]);
    }
  });

  test.each(['api', 'console', 'nginx', 'redis', 'postgres'])(
    '%s: cannot become root or write to its system',
    async (service) => {
      expect(await within(service, 'id -u')).toMatch(/^[1-9]\d*$/);
      expect(await within(service, 'grep CapBnd /proc/self/status')).toMatch(/\b0{16}$/);
      expect(await within(service, 'touch /etc/x 2>&1; true')).toContain('Read-only file system');
    },
  );

  test('only nginx and the console have a port on this machine, the console on loopback alone', async () => {
    const published = containers.filter((container) => Object.keys(container.published).length > 0);
    expect(published.map(({ service }) => service)).toEqual(['console', 'nginx']);
    const [inspected] = JSON.parse(await docker(['inspect', of('console')?.id ?? ''])) as [Published];
    const ports = Object.values(inspected.NetworkSettings.Ports).flatMap((to) => to ?? []);
    expect(ports.map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1']);
  });

  test('the console sees every replica, serves its page to this machine, and only under its own name', async () => {
    expect((await ask(`${cluster.console}/`)).status).toBe(200);
    expect((await ask(`${cluster.console}/`, { headers: { host: 'elsewhere.example' } })).status).toBe(403);
    await expect.poll(replicasSeen).toEqual(['api-1', 'api-2', 'api-3']);
  });

  test('one more replica appears by itself, and what cannot be broken here is said', async () => {
    await cluster.scale(4);
    await expect.poll(replicasSeen).toEqual(['api-1', 'api-2', 'api-3', 'api-4']);
    const { available } = (await pictureSeen()).cluster;
    // Without a launcher nothing is started or cut off, and the demo's user of Redis may do nothing dangerous.
    expect(Object.entries(available).filter(([, can]) => can)).toEqual([]);
    await cluster.scale(3);
    await expect.poll(replicasSeen).toEqual(['api-1', 'api-2', 'api-3']);
  });

  test('the private side answers on the inner network, not to nginx, which may speak to the public side', async () => {
    const { front, inner } = of('api')?.addresses ?? {};
    // Where nobody answers it takes all of its time.
    const knock = (from: string, at: string, seconds = 2) =>
      within(from, `timeout ${seconds} bash -c 'exec 3<>/dev/tcp/${at.replace(':', '/')}' && echo open || echo closed`);
    expect(await knock('redis', `${inner}:3001`, 20)).toBe('open');
    expect(await knock('nginx', `${front}:3001`)).toBe('closed');
    expect(await knock('nginx', `${inner}:3001`)).toBe('closed');
    expect(await knock('nginx', `${front}:3000`, 20)).toBe('open');
    expect(await knock('redis', `${front}:3000`)).toBe('closed');
    expect((await ask(`${cluster.url}/internal/status`)).status).toBe(404);
  });

  test('replicas are called as Compose numbers them', async () => {
    const names = new Set<string | undefined>();
    await expect
      .poll(async () => names.add(header(await ask(`${cluster.url}/products/1`), 'x-served-by')).size)
      .toBe(3);
    expect([...names].sort()).toEqual(['api-1', 'api-2', 'api-3']);
  });

  test('Redis lets nobody in without a password, and the health check only look', async () => {
    expect(await within('redis', 'redis-cli GET x')).toContain('NOAUTH');
    expect(await within('redis', 'redis-cli --user health --pass any --no-auth-warning GET x')).toContain('NOPERM');
  });

  test('nothing is left of it when it has been removed', async () => {
    await cluster.remove();
    const mine = `label=com.docker.compose.project=${cluster.compose.project}`;
    const left = await Promise.all([
      docker(['ps', '--all', '--quiet', '--filter', mine]),
      docker(['volume', 'ls', '--quiet', '--filter', mine]),
      docker(['network', 'ls', '--quiet', '--filter', mine]),
    ]);
    expect(left).toEqual(['', '', '']);
  });
});
