import { UsageError } from '@lockstep/command-line';
import { expect, test } from 'vitest';
import { parseInvocation } from './arguments.ts';

const parse = (line: string) => parseInvocation(line.split(' ').filter((word) => word !== ''));

test('a scenario has its own duration and rate', () => {
  expect(parse('coherence')).toEqual({
    ...{ scenario: 'coherence', compose: false, cluster: null, durationS: 30, rate: 300, json: false },
  });
  expect(parse('scale --duration 60 --rate 50 --json --cluster http://localhost:8080')).toEqual({
    ...{ scenario: 'scale', compose: false, cluster: 'http://localhost:8080', durationS: 60, rate: 50, json: true },
  });
  expect(parse('steady --help')).toBeNull();
});

test.each([
  ['', ['name a scenario: smoke, steady, scale, coherence']],
  ['toString', ['there is no toString; there are smoke, steady, scale, coherence']],
  ['smoke steady', ['one scenario at a time: steady is too many']],
  ['smoke --rate 5', ['smoke does not take --rate']],
  ['scale --duration 5', ['--duration is "5"; it is a whole number from 20 to 86400']],
  ['steady --rate 1.5 --duration 0', ['--duration is "0"', '--rate is "1.5"']],
  ['steady --cluster --json', ['--cluster needs a value']],
  ['steady --cluster here', ['--cluster is "here"']],
  ['steady --compose --cluster http://localhost:1', ['--compose and --cluster name two clusters']],
  ['steady --fast --json=yes', ['there is no option --fast', '--json takes no value']],
  ['steady --rate 1 --rate 2', ['--rate is given twice']],
])('every problem of "%s" is named', (line, problems) => {
  expect(() => parse(line)).toThrow(UsageError);
  for (const problem of problems) expect(() => parse(line)).toThrow(problem);
});
