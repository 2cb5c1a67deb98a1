/** The nginx configuration is the template of infra/nginx with a cluster's own values and nothing left open. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CHECKOUT } from '../run/base.ts';
import { type NginxValues, nginxConfiguration, PROXY_TIMES } from './nginx.ts';

const TEMPLATE = readFileSync(join(CHECKOUT, 'infra/nginx/nginx.conf'), 'utf8');
const VALUES: NginxValues = {
  user: null,
  port: 8080,
  ipv6: true,
  slots: [20481, 20482],
  times: PROXY_TIMES,
  accessLog: '/tmp/a folder/access.log',
};

test('every slot is listed, to be passed over for a second when it is dead', () => {
  const text = nginxConfiguration(TEMPLATE, VALUES);
  expect(text).toContain(
    '    server 127.0.0.1:20481 max_conns=400 max_fails=1 fail_timeout=1s;\n    server 127.0.0.1:20482 max_conns=400 max_fails=1 fail_timeout=1s;\n',
  );
  expect(text).toContain('proxy_next_upstream_tries 2;');
  expect(text).not.toContain('{{');
});

test('it listens on loopback only, of both families where there are two', () => {
  const listens = (ipv6: boolean) => nginxConfiguration(TEMPLATE, { ...VALUES, ipv6 }).match(/listen .*;/g);
  expect(listens(true)).toEqual(['listen 127.0.0.1:8080 backlog=2048;', 'listen [::1]:8080 backlog=2048;']);
  expect(listens(false)).toEqual(['listen 127.0.0.1:8080 backlog=2048;']);
});

test('root’s workers are somebody else', () => {
  expect(nginxConfiguration(TEMPLATE, VALUES)).not.toMatch(/^user /m);
  const user = { name: 'nobody', group: 'nogroup' };
  expect(nginxConfiguration(TEMPLATE, { ...VALUES, user })).toMatch(/^user nobody nogroup;$/m);
});

test('a silent replica is passed over before the last try is due', () => {
  expect(PROXY_TIMES.retryMs).toBeGreaterThan(PROXY_TIMES.readMs);
});
