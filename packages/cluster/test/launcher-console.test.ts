/** `npm start` with a console, and `npm start -- scenario`, with stand-ins for replica and console. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { goFirst } from '../../../tests/lib/affinity.ts';
import { takePorts } from '../src/processes/ports.ts';
import { alive, type Ended, Terminal } from './launcher.ts';

/** What the contract promises for the end of everything. */
const STOP_LIMIT_MS = 3_000;
/** For what never comes to be. */
const WAIT = { timeout: 60_000 };

let terminal: Terminal;

beforeEach(() => {
  terminal = new Terminal();
});

afterEach(() => terminal.close());

const linesOf = ({ stdout }: Ended) => stdout.trimEnd().split('\n');

async function consoleAt(url: string | null): Promise<{ pid: number }> {
  return (await (await fetch(`${url}/env`)).json()) as { pid: number };
}

describe('the console', () => {
  test('is there when the cluster is, comes back when it dies, and ends with it', async () => {
    // What is promised is not that three seconds are enough on cores that are somebody else's.
    terminal.apart = true;
    const { launched, status } = await terminal.start('--replicas', '1', '--console-port', '0');
    const { pid } = await consoleAt(status.console);
    expect(JSON.parse((await terminal.run('status', '--json')).stdout)).toEqual(status);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => launched.stderr, WAIT).toContain('console serves again');
    expect(launched.stderr).toContain('console was not asked to end: it ended with signal SIGKILL');
    const again = await consoleAt(status.console);
    expect(again.pid).not.toBe(pid);
    // One that stands still does not hold up the end.
    process.kill(again.pid, 'SIGSTOP');
    goFirst();
    const since = performance.now();
    launched.process.kill('SIGTERM');
    expect((await launched.ended).code).toBe(0);
    expect(performance.now() - since).toBeLessThan(STOP_LIMIT_MS);
    expect(alive([launched.pid, pid, again.pid])).toEqual([]);
    expect(terminal.leftovers()).toEqual([]);
  });

  test('has the port that it is given, and fails the start when that is taken', async () => {
    // Of a block that is ours: any other could be somebody else's between its release here and the start.
    const { consoleSpare: port, release } = await takePorts();
    onTestFinished(release);
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const refused = await terminal.run('--port', '0', '--console-port', String(port));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`port ${port} is taken: choose one with --console-port`);
    other.close();
    await once(other, 'close');
    const { status } = await terminal.start('--replicas', '1', '--console-port', String(port));
    expect(status.console).toBe(`http://127.0.0.1:${port}`);
  });

  test('that cannot start is told of, and the cluster does without', async () => {
    const launched = terminal.launch(['--json', '--port', '0', '--console-port', '0', '--replicas', '1'], {
      LOCKSTEP_FIXTURE_CONSOLE: 'no/such/file.ts',
    });
    const status = await launched.status();
    expect(status.console).toBeNull();
    expect(launched.stderr).toContain('there is no console: console ended with exit code 1');
    expect((await fetch(`${status.url}/anything`)).status).toBe(200);
    const scenario = await terminal.run('scenario', 'lost');
    expect(scenario).toMatchObject({ code: 1, stderr: expect.stringContaining('has no console') });
  });
});

describe('scenario', () => {
  test('on the cluster that runs: a line for each step and result, and whether it showed what it must', async () => {
    const { status } = await terminal.start('--replicas', '1', '--console-port', '0');
    const lost = await terminal.run('scenario', 'lost');
    expect(lost).toMatchObject({ code: 0, stderr: '' });
    expect(linesOf(lost).map((line) => line.replace(/ +/g, ' '))).toEqual([
      'naive 1/2 One is broken.',
      'naive violated: 3',
      'guarded 2/2 So is the other.',
      'guarded held: 0',
      'lost has shown what it must',
    ]);
    const late = await terminal.run('scenario', 'late', '--json');
    expect(late.code).toBe(1);
    expect(linesOf(late).map((line) => JSON.parse(line))).toEqual([
      { protocol: 'naive', phase: 'running', step: 1, of: 2, text: 'One is broken.' },
      { protocol: 'naive', result: 'violated: 3' },
      { protocol: 'guarded', phase: 'running', step: 2, of: 2, text: 'So is the other.' },
      { protocol: 'guarded', result: 'held: 0' },
      { name: 'late', shown: false, phase: 'done', result: { naive: 'violated: 3', guarded: 'held: 0' } },
    ]);
    const unknown = await terminal.run('scenario', 'dance');
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no scenario dance') });
    await interrupted(status.console);
    const listed = await terminal.run('scenario', '--json');
    expect(JSON.parse(linesOf(listed)[0] ?? '')).toEqual({ name: 'lost', title: 'The lost one', sentence: 'Short.' });
    expect((await terminal.run('status')).code).toBe(0);
  });

  /** One that is interrupted is ended where it is played, too. */
  async function interrupted(page: string | null): Promise<void> {
    const endless = terminal.launch(['scenario', 'endless']);
    await expect.poll(() => endless.stdout, WAIT).toContain('One is broken.');
    endless.process.kill('SIGINT');
    expect((await endless.ended).code).toBe(1);
    const stream = await fetch(`${page}/api/events`);
    const { value } = (await stream.body?.getReader().read()) ?? {};
    expect(new TextDecoder().decode(value)).toContain('"scenario":null');
  }

  test('without a cluster starts one, and ends it', async () => {
    const { code, stdout, stderr } = await terminal.run('scenario', 'lost');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('starting a cluster for it') });
    expect(stdout).toContain('lost has shown what it must');
    expect(terminal.leftovers()).toEqual([]);
  });

  test('without a name and a cluster lists them, and starts nothing', async () => {
    const listed = await terminal.run('scenario');
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^lost +The lost one: Short\.\nlate +/) });
    expect(listed.stderr).toBe('');
  });
});
