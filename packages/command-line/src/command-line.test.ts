import { expect, test } from 'vitest';
import { CommandLine, UsageError } from './command-line.ts';

const FORM = { flags: ['json', 'help'], values: ['max', 'row', 'minutes'], repeated: ['row'] } as const;
const read = (...argv: string[]) => new CommandLine(argv, FORM);

test('flags, values, one after the other and with an equals sign', () => {
  const line = read('--json', '--max', '7', '--row', 'a', '--row=b');
  expect([line.flag('json'), line.flag('help')]).toEqual([true, false]);
  expect([line.value('max'), line.values('row'), line.value('minutes')]).toEqual(['7', ['a', 'b'], null]);
  expect(line.problems).toEqual([]);
  expect(() => line.check()).not.toThrow();
});

test('a user is told every problem, and how it is used', () => {
  const error = new UsageError(['there is no option --wrong', '--max is given twice']);
  expect(error.told('model', 'usage: ...\n')).toBe(
    'model: there is no option --wrong\nmodel: --max is given twice\n\nusage: ...\n',
  );
});

test('operands are taken where there are some, also as numbers', () => {
  const line = new CommandLine(['steady', '--json', '12'], { ...FORM, operands: true });
  expect(line.operands).toEqual(['steady', '12']);
  expect(line.wholeOf('N', line.operands[1] ?? null, 1, 12)).toBe(12);
  expect(line.wholeOf('N', null, 1, 12)).toBeNull();
  expect(line.wholeOf('N', 'steady', 1, 12)).toBeNull();
  expect(line.problems).toEqual(['N is "steady"; it is a whole number from 1 to 12']);
});

test('one of some choices, the first if it is not given', () => {
  expect([read('--row', 'b').choice('row', ['a', 'b']), read().choice('row', ['a', 'b'])]).toEqual(['b', 'a']);
  const line = read('--row', 'd');
  line.choice('row', ['a', 'b', 'c']);
  expect(line.problems).toEqual(['--row is "d"; it is a or b or c']);
});

test('what was given is known by name, also where its value is wrong', () => {
  const given = read('--row', 'a', '--wrong', '--json=1', '--row=b', '--max').given.map(({ name }) => name);
  expect(given).toEqual(['row', 'json', 'row', 'max']);
});

test('every problem is told at once', () => {
  const line = read(
    ...['--wrong', '-x', 'operand', '--json=1', '--max', '--row', 'a', '--minutes', '1', '--minutes', '2'],
    ...['--help', '--help'],
  );
  expect(line.problems).toEqual([
    'there is no option --wrong',
    'there is no option -x',
    'operand is no option; only options are taken',
    '--json takes no value',
    '--max needs a value',
    // As it is what was given to --max.
    'a is no option; only options are taken',
    '--minutes is given twice',
    '--help is given twice',
  ]);
  expect(() => line.check()).toThrow(UsageError);
  expect(() => line.check()).toThrow(expect.objectContaining({ code: 'E_USAGE', problems: line.problems }));
  expect(() => line.check()).toThrow(line.problems.join('\n'));
});

test.each(['0', '8', '1.5', '-1', '1e1', '0x2', ' 2', 'NaN', '9'.repeat(16)])(
  '"%s" is no whole number from 1 to 7',
  (text) => {
    const line = read(`--max=${text}`);
    expect(line.whole('max', 1, 7)).toBeNull();
    expect(line.problems).toEqual([`--max is "${text}"; it is a whole number from 1 to 7`]);
  },
);

test.each(['0', '0.05', '7.1', '1e0', 'soon', 'Infinity', '-1', '.'])('"%s" is no number from 0.1 to 7', (text) => {
  const line = read(`--minutes=${text}`);
  expect(line.number('minutes', 0.1, 7)).toBeNull();
  expect(line.problems).toEqual([`--minutes is "${text}"; it is a number from 0.1 to 7`]);
});

test('numbers that are between, and those that are not given', () => {
  expect([read('--max', '7').whole('max', 1, 7), read('--minutes', '.5').number('minutes', 0.1, 7)]).toEqual([7, 0.5]);
  expect([read().whole('max', 1, 7), read().number('minutes', 0.1, 7)]).toEqual([null, null]);
});
