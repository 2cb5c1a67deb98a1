/** A log is a file that others append to; it stays bounded, and what is shown of it is shown once. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOG_REPORT_LINES } from '../limits.ts';
import { LogFile } from './log-file.ts';

let folder: string;
let log: LogFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-log-'));
  log = new LogFile(join(folder, 'a.log'), 1_000, 100);
});

afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true });
});

const write = (text: string) => appendFileSync(log.path, text);

test('news are whole lines, each told once', () => {
  expect(log.news()).toEqual([]);
  write('one\ntwo\nthr');
  expect(log.news()).toEqual(['one', 'two']);
  write('ee\n');
  expect(log.news()).toEqual(['three']);
  expect(log.news()).toEqual([]);
});

test('over its limit only the end is kept, with a note of what is gone', () => {
  for (let i = 0; i < 200; i++) write(`line ${i}\n`);
  log.news();
  log.cap();
  const text = readFileSync(log.path, 'utf8');
  expect(text).toMatch(/^\[\d+ bytes dropped\]\nline \d+\n/);
  expect(text.endsWith('line 198\nline 199\n')).toBe(true);
  expect(statSync(log.path).size).toBeLessThan(200);
  write('more\n');
  expect(log.news()).toEqual(['more']);
});

test('within its limit nothing is dropped', () => {
  write('a\n');
  log.cap();
  expect(readFileSync(log.path, 'utf8')).toBe('a\n');
});

test('its end is the last lines', () => {
  for (let i = 0; i < 100; i++) write(`${i}\n`);
  const end = log.end().split('\n');
  expect(end).toHaveLength(LOG_REPORT_LINES);
  expect(end.at(-1)).toBe('99');
});
