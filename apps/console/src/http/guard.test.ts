/** Orders are taken from the console's own page only: each of the three checks refuses by itself. */
import { expect, test } from 'vitest';
import { Guard, hostsOf } from './guard.ts';

const guard = new Guard('secret', hostsOf('127.0.0.1', 8090));
const good = { host: 'localhost:8090', origin: 'http://localhost:8090', 'x-console-token': 'secret' };

test('the page itself', () => {
  expect(guard.commandProblem(good)).toBeNull();
  expect(guard.commandProblem({ ...good, host: '127.0.0.1:8090', origin: 'http://127.0.0.1:8090' })).toBeNull();
});

test('another token, or none', () => {
  expect(guard.commandProblem({ ...good, 'x-console-token': 'secreT' })).toMatch(/Token/);
  expect(guard.commandProblem({ host: good.host })).toMatch(/Token/);
});

test('a page of another site', () => {
  expect(guard.commandProblem({ ...good, origin: 'http://evil.example' })).toMatch(/own page/);
  expect(guard.commandProblem({ ...good, origin: 'null' })).toMatch(/own page/);
});

test('a foreign name that was pointed here', () => {
  expect(guard.commandProblem({ ...good, host: 'evil.example:8090', origin: undefined })).toMatch(/host/);
  expect(guard.hostProblem({ host: 'evil.example:8090' })).toMatch(/host/);
});
