/** One line for each write: a tick for each replica that applied it, and none for one that did not. */
import { beforeEach, expect, test } from 'vitest';
import { Lane } from './lane.ts';

let lane: Lane;

beforeEach(() => {
  lane = new Lane((key) => key === 'product:1');
  lane.expect(['api-1', 'api-2']);
});

test('ticks come by clock; the commit gives the version; the end of the same write is no line of its own', () => {
  lane.applied('api-1', 'product:1', 7, 1.5, 100, false);
  lane.committed('product:1', 4, 110);
  lane.applied('api-1', 'product:1', 8, 0, 112, true);
  expect(lane.all()).toMatchObject([{ clock: 7, version: 4, ticks: { 'api-1': 1.5, 'api-2': null } }]);
  lane.takeChanged();
  lane.applied('api-2', 'product:1', 7, 30, 140, false);
  expect(lane.takeChanged()).toMatchObject([{ clock: 7, ticks: { 'api-1': 1.5, 'api-2': 30 } }]);
});

test('what the writer itself said before the bus did is its tick', () => {
  lane.applied('api-1', 'product:1', 7, 0.4, 100, true);
  expect(lane.all()).toEqual([]);
  lane.applied('api-2', 'product:1', 7, 2, 102, false);
  expect(lane.all()).toMatchObject([{ clock: 7, ticks: { 'api-1': 0.4, 'api-2': 2 } }]);
});

test('without clocks, a writer that hears itself on the bus says nothing new', () => {
  lane.applied('api-1', 'product:1', 0, null, 100, true);
  lane.applied('api-1', 'product:1', 0, null, 101, false);
  lane.applied('api-2', 'product:1', 0, null, 103, false);
  expect(lane.all()).toMatchObject([{ ticks: { 'api-1': 0, 'api-2': 3 } }]);
});

test('without clocks, what replicas say of one key at one time is one line', () => {
  lane.applied('api-1', 'product:1', 0, null, 100, true);
  lane.applied('api-2', 'product:1', 0, null, 103, false);
  expect(lane.all()).toMatchObject([{ ticks: { 'api-1': 0, 'api-2': 3 } }]);
});

test('a commit of which nobody has heard is a line without ticks', () => {
  lane.committed('product:1', 2, 100);
  lane.sweep(200);
  expect(lane.all()).toEqual([]);
  lane.sweep(500);
  expect(lane.all()).toMatchObject([{ version: 2, clock: 0, ticks: { 'api-1': null, 'api-2': null } }]);
});

test('keys beside the matrix are sampled, those of the matrix are not; the lane is bounded', () => {
  for (let clock = 1; clock <= 100; clock++) lane.applied('api-1', 'product:9', clock, 1, 5, false);
  expect(lane.all().length).toBe(10);
  for (let clock = 101; clock <= 300; clock++) lane.applied('api-1', 'product:1', clock, 1, 6, false);
  expect(lane.all().length).toBe(60);
});
