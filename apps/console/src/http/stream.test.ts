/** The stream: a snapshot, then what changed; a page that comes back goes on, one that is slow begins anew. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Snapshot } from '../shared/state.ts';
import { Stream } from './stream.ts';

/** A response of which the test decides how much waits in it. */
class Response extends EventEmitter {
  text = '';
  writableLength = 0;
  writeHead(): void {}
  write(text: string): void {
    this.text += text;
  }
  destroy(): void {
    this.emit('close');
  }
  events(): { id: string; event: string; data: Partial<Snapshot> }[] {
    return [...this.text.matchAll(/id: (.*)\nevent: (.*)\ndata: (.*)\n/g)].map(([, id = '', event = '', data = '']) => {
      return { id, event, data: JSON.parse(data) };
    });
  }
}

let state: { protocol: string };
let stream: Stream;
const add = (response: Response, id?: string) => stream.add(response as unknown as ServerResponse, id);

beforeEach(() => {
  vi.useFakeTimers();
  state = { protocol: 'guarded' };
  const picture = () =>
    ({ at: 1, cluster: state, log: [], invalidations: [], series: { t: [] } }) as unknown as Snapshot;
  stream = new Stream({ snapshot: picture, fresh: picture });
});

afterEach(() => {
  stream.close();
  vi.useRealTimers();
});

test('only what changed is told again', () => {
  const page = new Response();
  add(page);
  vi.advanceTimersByTime(200);
  state = { protocol: 'naive' };
  vi.advanceTimersByTime(200);
  const [first, second, third] = page.events();
  expect(first).toMatchObject({ event: 'snapshot', data: { cluster: { protocol: 'guarded' } } });
  expect(second?.data).not.toHaveProperty('cluster');
  expect(third).toMatchObject({ event: 'delta', data: { cluster: { protocol: 'naive' } } });
});

test('a page that comes back gets what it missed; with an id of another process, a snapshot', () => {
  const other = new Response();
  add(other);
  vi.advanceTimersByTime(600);
  const seen = other.events()[1]?.id ?? '';
  const back = new Response();
  add(back, seen);
  expect(back.events().map(({ event }) => event)).toEqual(['delta', 'delta', 'delta']);
  const stranger = new Response();
  add(stranger, 'ffffffff-1');
  expect(stranger.events().map(({ event }) => event)).toEqual(['snapshot']);
});

test('a page that does not read gets nothing more until it has, and then a snapshot', () => {
  const page = new Response();
  add(page);
  page.writableLength = 2 << 20;
  vi.advanceTimersByTime(1_000);
  expect(page.events().length).toBe(1);
  page.writableLength = 0;
  vi.advanceTimersByTime(200);
  expect(page.events().map(({ event }) => event)).toEqual(['snapshot', 'snapshot']);
});

test('so many pages, and no more; one that leaves makes room', () => {
  const pages = Array.from({ length: 16 }, () => new Response());
  for (const page of pages) expect(add(page)).toBe(true);
  expect(add(new Response())).toBe(false);
  pages[0]?.destroy();
  expect(add(new Response())).toBe(true);
});
