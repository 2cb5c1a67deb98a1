import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logs } from '../src/processes/logs.ts';
import { Member } from '../src/processes/member.ts';
import { NginxService, PROXY_TIMES, type ProxyTimes } from '../src/processes/nginx.ts';
import { holdPublicPort, takePorts } from '../src/processes/ports.ts';
import { findPrograms } from '../src/processes/programs.ts';
import { StateFile } from '../src/run/state-file.ts';

export interface RunningProxy {
  readonly url: string;
  /** The ports on which it expects replicas. */
  readonly slots: readonly number[];
  readonly folder: string;
  stop(): Promise<void>;
}

/** nginx as a cluster starts it, before slots that the test fills. */
export async function startProxy(times: ProxyTimes = PROXY_TIMES): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-nginx-'));
  chmodSync(folder, 0o711);
  const logs = new Logs(folder, null);
  const end = new AbortController();
  const ports = await takePorts();
  const service = new NginxService({
    site: { folder, state: new StateFile(folder), logs, report: () => undefined, signal: end.signal },
    program: findPrograms().nginx ?? 'nginx',
    held: await holdPublicPort(0, ports.spare),
    slots: ports.replicas,
    times,
  });
  service.prepare();
  const member = new Member(service, () => undefined, end.signal);
  await member.start();
  return {
    url: service.url,
    slots: ports.replicas,
    folder,
    stop: async () => {
      end.abort(new Error('the test is over'));
      await member.stop('SIGTERM', 2_000);
      await ports.release();
      logs.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export interface Heard {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Behaviour = (heard: Heard, response: ServerResponse, request: IncomingMessage) => void;

/** An HTTP server in the place of a replica: remembers what it heard, and behaves as it is told to. */
export class Upstream {
  readonly heard: Heard[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #leaving = false;

  constructor(behave: Behaviour = (_, response) => response.end('fine')) {
    this.#server = createServer((incoming, response) => {
      let body = '';
      incoming.setEncoding('latin1').on('data', (text: string) => {
        body += text;
      });
      incoming.on('end', () => {
        const { method = '', url = '', headers } = incoming;
        const heard = { method, url, headers, body };
        this.heard.push(heard);
        if (this.#leaving) response.setHeader('Connection', 'close');
        behave(heard, response, incoming);
      });
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(port: number | undefined): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  /** As a replica that drains: no new connections, those that are there end after their next answer. */
  leave(): void {
    this.#leaving = true;
    NetServer.prototype.close.call(this.#server);
  }

  /** As a replica that is killed. */
  kill(): void {
    NetServer.prototype.close.call(this.#server);
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
