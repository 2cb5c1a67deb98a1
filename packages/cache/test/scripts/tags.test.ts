/** INVALIDATE on a real Redis: the clocks of tags, the journal and the bus. */
import { describe, expect } from 'vitest';
import { type Scripts, test } from './scripts.ts';

describe('tags and the journal', () => {
  const stored = async (scripts: Scripts, tags: string[], f?: number) => {
    await scripts.lease('k', 'a');
    await scripts.fill('k', 'a', f ?? (await scripts.clockNow()), tags);
  };

  test('a value is refused once a tag of it was invalidated, and LEASE is granted over it', async ({ scripts }) => {
    await stored(scripts, ['t', 'u']);
    await scripts.invalidate([], ['other']);
    expect((await scripts.read('k'))[0]).toBe('VALUE');
    await scripts.invalidate([], ['u']);
    expect((await scripts.read('k')).slice(0, 2)).toEqual(['REFUSED', 2]);
    expect(await scripts.lease('k', 'b')).toEqual(['GRANTED', 2]);
  });

  test('old tags are swept, sixteen at a time, and raise the floor, under which values with tags are refused', async ({
    redis,
    scripts,
  }) => {
    await stored(scripts, ['t'], 0);
    for (let i = 0; i < 20; i++) await scripts.invalidate([], [`old${i}`]);
    for (let i = 0; i < 20; i++) await redis.zadd(scripts.names.tagTimes, i, `old${i}`);
    await scripts.beat(0);
    expect(await redis.hlen(scripts.names.tags)).toBe(4);
    expect(await redis.hget(scripts.names.meta, 'floor')).toBe('16');
    expect((await scripts.read('k'))[0]).toBe('REFUSED');
  });

  test('the journal is trimmed exactly; a beat from before its beginning is told so, the next one is not', async ({
    redis,
    scripts,
  }) => {
    scripts.journal = 4;
    for (let i = 0; i < 10; i++) await scripts.invalidate([`k${i}`]);
    expect(await redis.xlen(scripts.names.journal)).toBe(4);
    expect((await scripts.beat(5)).at(-1)).toBe('TRIMMED');
    expect(idsOf(await scripts.beat(6))).toEqual(['7-0', '8-0', '9-0']);
    expect(idsOf(await scripts.beat(9))).toEqual(['10-0']);
    expect(idsOf(await scripts.beat(10))).toEqual([]);
  });

  test('what is invalidated is on the bus, with its clock', async ({ scripts }) => {
    const heard = await scripts.listen();
    await scripts.invalidate(['k'], ['t']);
    await expect.poll(() => heard.messages.length).toBe(1);
    expect(heard.messages[0]).toMatch(new RegExp(`^I ${scripts.epoch} 1 \\d+ \\[\\["k"\\],\\["t"\\]\\]$`));
    heard.end();
  });
});

function idsOf(answer: unknown[]): string[] {
  return (answer.at(-1) as [string, string[]][]).map(([id]) => id);
}
