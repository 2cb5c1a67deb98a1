import { expect, test } from 'vitest';
import { FULL, QUICK, refuseOthers } from './effort.ts';

test('where figures mean nothing one answer has to be right, unless nothing was asked', () => {
  expect(() => refuseOthers(QUICK, 9, 10, 0, 'were others')).not.toThrow();
  expect(() => refuseOthers(QUICK, 10, 10, 0, 'were others')).toThrow('10 of 10 were others');
  expect(() => refuseOthers(QUICK, 1, 1, 0, 'were others')).toThrow('1 of 1 were others');
  expect(() => refuseOthers(QUICK, 0, 0, 0, 'were others')).not.toThrow();
});

test('where figures count only so many may be others', () => {
  expect(() => refuseOthers(FULL, 2, 100, 2, 'were others')).not.toThrow();
  expect(() => refuseOthers(FULL, 3, 100, 2, 'were others')).toThrow('3 of 100 were others');
});
