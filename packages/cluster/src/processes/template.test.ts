import { expect, test } from 'vitest';
import { render } from './template.ts';

test('placeholders are filled wherever they stand', () => {
  expect(render('a {{x}};\nb {{y}} {{x}};\n', { x: 1, y: 'two' })).toBe('a 1;\nb two 1;\n');
});

test('a value of several lines keeps the indentation of its place', () => {
  expect(render('{\n  {{rows}}\n}\n', { rows: 'a;\nb;' })).toBe('{\n  a;\n  b;\n}\n');
});

test('a value is not taken for a pattern, and not filled again', () => {
  expect(render('{{x}}', { x: '$& {{y}}' })).toBe('$& {{y}}');
});

test('a placeholder without a value is refused', () => {
  expect(() => render('{{port}}', {})).toThrow('{{port}} has no value');
  expect(() => render('{{toString}}', {})).toThrow('{{toString}} has no value');
});

test('a value without a placeholder is refused', () => {
  expect(() => render('nothing', { port: 1 })).toThrow('no placeholder takes the value of: port');
});
