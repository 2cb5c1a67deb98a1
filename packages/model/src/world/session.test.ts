/** What is news to a session: its token is as old as the last of it, and no older. */
import { expect, test } from 'vitest';
import type { Scope } from './scope.ts';
import { isNews, type Session } from './session.ts';

const UNKNOWN = [{ partition: 0, epoch: null, clock: 0, issuedAt: 0 }];
const KNOWN = [{ partition: 0, epoch: 'e1', clock: 1, issuedAt: 0 }];
const session: Session = { token: UNKNOWN, wrote: 1, read: 1, busy: false, forgets: 1 };
const scope = (property: Scope['property']): Scope => ({ property, l1: ['B'], readers: ['B'], writers: [] });

test.each([
  ['another token', 'read', 1, KNOWN, true],
  ['the same one with what was read before', 'read', 1, UNKNOWN, false],
  ['the same one with something newer', 'read', 2, UNKNOWN, true],
  ['the same one with a write of its own', 'wrote', 2, UNKNOWN, false],
] as const)('to one that may not read what is older than it has read: %s', (_, did, version, token, news) => {
  expect(isNews(session, did, version, token, scope('monotonic'))).toBe(news);
});

test.each([
  ['another token', 'wrote', 1, KNOWN, true],
  ['the same one with something newer that it reads', 'read', 2, UNKNOWN, false],
  ['the same one with a write of its own', 'wrote', 2, UNKNOWN, true],
] as const)('to one that may not miss what it wrote: %s', (_, did, version, token, news) => {
  expect(isNews(session, did, version, token, scope('read-your-writes'))).toBe(news);
});
