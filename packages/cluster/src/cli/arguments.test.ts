/** What the command line accepts and refuses; a refusal names every problem at once. */
import { describe, expect, test } from 'vitest';
import { UsageError } from '../errors.ts';
import { parseInvocation } from './arguments.ts';

const START = {
  command: 'start',
  backend: 'auto',
  replicas: 3,
  port: null,
  console: true,
  consolePort: null,
  keep: null,
  protocol: 'guarded',
  writes: 'bounded',
  stalenessMs: null,
  install: true,
  json: false,
  logs: false,
};

function problemsOf(...argv: string[]): readonly string[] {
  try {
    parseInvocation(argv);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

describe('start', () => {
  test('is what is done without a command', () => {
    expect(parseInvocation([])).toEqual(START);
    expect(parseInvocation(['start'])).toEqual(START);
  });

  test('takes every option of the contract', () => {
    const argv =
      '--replicas 5 --port 0 --console-port 0 --keep data --protocol naive --writes linearizable --staleness 500 --no-install --backend processes --json --logs';
    expect(parseInvocation(argv.split(' '))).toEqual({
      command: 'start',
      backend: 'processes',
      replicas: 5,
      port: 0,
      console: true,
      consolePort: 0,
      keep: 'data',
      protocol: 'naive',
      writes: 'linearizable',
      stalenessMs: 500,
      install: false,
      json: true,
      logs: true,
    });
  });

  test('leaves the console out', () => {
    expect(parseInvocation(['--no-console'])).toEqual({ ...START, console: false });
    expect(problemsOf('--no-console', '--console-port', '0')).toEqual([
      '--console-port is for a console, and --no-console leaves it out',
    ]);
  });

  test('takes --name=value', () => {
    expect(parseInvocation(['--replicas=16'])).toEqual({ ...START, replicas: 16 });
  });

  test('takes the mode of writes', () => {
    expect(parseInvocation(['--writes', 'linearizable'])).toEqual({ ...START, writes: 'linearizable' });
    expect(problemsOf('--writes', 'fast')).toHaveLength(1);
  });
});

describe('orders', () => {
  test('status, scale, stop and restart', () => {
    expect(parseInvocation(['status', '--json'])).toEqual({ command: 'status', cluster: null, json: true });
    expect(parseInvocation(['scale', '6'])).toEqual({ command: 'scale', cluster: null, replicas: 6 });
    expect(parseInvocation(['stop', '--cluster', 'http://localhost:8081'])).toEqual({
      command: 'stop',
      cluster: 'http://localhost:8081',
    });
    expect(parseInvocation(['watch'])).toEqual({ command: 'watch', cluster: null, json: false, forS: null });
    expect(parseInvocation(['watch', '--json', '--for', '5'])).toMatchObject({ json: true, forS: 5 });
    expect(parseInvocation(['restart', 'redis', '--kill', '--lose-data', '--down', '3000'])).toEqual({
      command: 'restart',
      cluster: null,
      name: 'redis',
      options: { kill: true, loseData: true, downMs: 3000 },
    });
  });

  test('scenario, with or without a name', () => {
    const scenario = { command: 'scenario', cluster: null, name: null, install: true, json: false };
    expect(parseInvocation(['scenario'])).toEqual(scenario);
    expect(parseInvocation(['scenario', 'tour', '--json', '--no-install'])).toEqual({
      ...scenario,
      name: 'tour',
      install: false,
      json: true,
    });
    expect(problemsOf('scenario', 'tour', 'again')).toEqual(['scenario does not take again']);
  });

  test('options may come before the command', () => {
    expect(parseInvocation(['--json', 'status'])).toEqual({ command: 'status', cluster: null, json: true });
  });

  test('help, whatever else is there', () => {
    expect(parseInvocation(['scale', '--help'])).toEqual({ command: 'help' });
  });
});

test.each([
  [['scale'], 'scale needs N'],
  [['scale', '0'], 'N is "0"; it is a whole number from 1 to 16'],
  [['scale', '17'], 'N is "17"; it is a whole number from 1 to 16'],
  [['scale', '1e1'], 'N is "1e1"; it is a whole number from 1 to 16'],
  [['scale', '3', '4'], 'scale does not take 4'],
  [['scale', '3', '--json'], 'scale does not take --json'],
  [['restart'], 'restart needs NAME'],
  [['restart', 'mysql'], 'there is no mysql to restart; NAME is redis, postgres, nginx or a replica, as api-1'],
  [
    ['restart', 'postgres', '--lose-data'],
    '--lose-data is for redis only: the origin keeps its data, and nothing else has any',
  ],
  [['restart', 'redis', '--down', '-1'], '--down is "-1"; it is a whole number from 0 to 600000'],
  [['--keep', '--json'], '--keep needs a value'],
  [['toString'], 'there is no command toString; start, status, scale, stop, watch, scenario, restart'],
  [['restart', 'redis', '--down=-1'], '--down is "-1"; it is a whole number from 0 to 600000'],
  [['dance'], 'there is no command dance; start, status, scale, stop, watch, scenario, restart'],
  [['watch', '--for', '0'], '--for is "0"; it is a whole number from 1 to 86400'],
  [['scale', '3', '--for', '5'], 'scale does not take --for'],
  [['--port', '65536'], '--port is "65536"; it is a whole number from 0 to 65535'],
  [['--port'], '--port needs a value'],
  [['--port', '1', '--port', '2'], '--port is given twice'],
  [['--json=yes'], '--json takes no value'],
  [['--replica', '3'], 'there is no option --replica'],
  [['-r'], 'there is no option -r'],
  [['--kill'], 'start does not take --kill'],
  [['--protocol', 'brave'], '--protocol is "brave"; it is guarded or naive'],
  [['status', '--cluster', '8080'], '--cluster is "8080"; it is a URL, as status prints it'],
])('refuses %j', (argv, problem) => {
  expect(problemsOf(...argv)).toContain(problem);
});

test('names every problem, not the first', () => {
  expect(problemsOf('--replicas', '0', '--port', 'x', '--protocol', 'y')).toHaveLength(3);
});
