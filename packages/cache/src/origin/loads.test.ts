/** The wall before the origin: places, a queue that is bounded in count and time, and the load limit. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Bulkhead } from './bulkhead.ts';
import { Loads } from './loads.ts';
import { Notices } from './notices.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const OVERLOADED = { code: 'E_CACHE_OVERLOADED' };

describe('the bulkhead', () => {
  test('lets in what it has places for, then in order of arrival, and sheds what finds the queue full', async () => {
    const bulkhead = new Bulkhead(1, 2, 100);
    const order: string[] = [];
    await bulkhead.enter();
    const waiting = ['first', 'second'].map((name) => bulkhead.enter().then(() => order.push(name)));
    await expect(bulkhead.enter()).rejects.toMatchObject(OVERLOADED);
    bulkhead.leave();
    bulkhead.leave();
    await Promise.all(waiting);
    expect([order, bulkhead.running, bulkhead.waiting]).toEqual([['first', 'second'], 1, 0]);
    bulkhead.leave();
    expect(bulkhead.running).toBe(0);
  });

  test('who has waited too long gives up, and neither its place in the queue nor one behind the wall is lost', async () => {
    const bulkhead = new Bulkhead(1, 1, 100);
    await bulkhead.enter();
    const refused = expect(bulkhead.enter()).rejects.toMatchObject(OVERLOADED);
    await vi.advanceTimersByTimeAsync(100);
    await refused;
    expect([bulkhead.running, bulkhead.waiting]).toEqual([1, 0]);
    const patient = bulkhead.enter();
    bulkhead.leave();
    await patient;
    // Its own time, were it still running, must not take the place from it.
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(100);
    expect([bulkhead.running, bulkhead.waiting]).toEqual([1, 0]);
    bulkhead.leave();
    expect([bulkhead.running, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

describe('loads', () => {
  const run = (loads: Loads, load: () => Promise<{ value: unknown; tags?: string[] }>) =>
    loads.run('k', load, () => undefined);
  const never = () => new Promise<never>(() => undefined);

  test('a load that overruns fails at the limit, is told so, and keeps its place until it ends', async () => {
    const loads = new Loads(1, 100);
    const slow = Promise.withResolvers<{ value: unknown }>();
    let signal: AbortSignal | undefined;
    const late = loads.run(
      'k',
      (context) => {
        signal = context.signal;
        return slow.promise;
      },
      () => undefined,
    );
    const failed = expect(late).rejects.toMatchObject({ code: 'E_CACHE_LOAD_TIMEOUT' });
    await vi.advanceTimersByTimeAsync(100);
    await failed;
    expect(signal?.aborted).toBe(true);
    let started = false;
    const next = run(loads, async () => {
      started = true;
      return { value: 1 };
    });
    await vi.advanceTimersByTimeAsync(50);
    expect(started).toBe(false);
    slow.resolve({ value: 0 });
    expect((await next).value).toBe(1);
  });

  test('a load that finds no place within the limit fails, and is not begun', async () => {
    const loads = new Loads(1, 100);
    run(loads, never).catch(() => undefined);
    const load = vi.fn(never);
    const waiting = expect(run(loads, load)).rejects.toMatchObject(OVERLOADED);
    await vi.advanceTimersByTimeAsync(100);
    await waiting;
    expect(load).not.toHaveBeenCalled();
  });

  test('what comes back is what every tier will give: decoded from its encoding, and frozen', async () => {
    const loads = new Loads(1, 100);
    const value = { at: new Date(0), list: [{ a: 1 }] };
    const loaded = await run(loads, async () => ({ value, tags: ['t'] }));
    expect(loaded).toMatchObject({ value: { at: '1970-01-01T00:00:00.000Z' }, tags: ['t'] });
    expect(Object.isFrozen((loaded.value as typeof value).list[0])).toBe(true);
    expect(Object.isFrozen(value)).toBe(false);
  });

  test('values that JSON cannot express, and tags that no mutation could name, are refused', async () => {
    const loads = new Loads(1, 100);
    const bad = [
      { value: undefined },
      { value: 1, tags: [''] },
      { value: 1, tags: ['\ud800'] },
      { value: 1, tags: Array(33).fill('t') },
    ];
    for (const each of bad) {
      await expect(run(loads, async () => each)).rejects.toMatchObject({ code: 'E_CACHE_LIMIT' });
    }
    expect((await run(loads, async () => ({ value: null }))).value).toBeNull();
  });
});

describe('notices', () => {
  test('a notice that comes before the wait is not lost; one of another key wakes nobody', async () => {
    const notices = new Notices();
    const watch = notices.open('k');
    notices.wake('k');
    await watch.wait(1_000);
    let woken = false;
    const waiting = watch.wait(1_000).then(() => {
      woken = true;
    });
    notices.wake('other');
    await vi.advanceTimersByTimeAsync(10);
    expect(woken).toBe(false);
    notices.wake('k');
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('patience ends, and what was closed hears no more', async () => {
    const notices = new Notices();
    const watch = notices.open('k');
    const waiting = watch.wait(50);
    await vi.advanceTimersByTimeAsync(50);
    await waiting;
    watch.close();
    notices.wake('k');
    let ended = false;
    void watch.wait(50).then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(49);
    expect(ended).toBe(false);
  });
});
