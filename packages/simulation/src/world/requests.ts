import type { Partition } from '@lockstep/cache/core/partition';
import type { Lease } from '@lockstep/cache/core/read';
import type {
  AcksReply,
  BeatReply,
  BlessReply,
  ClockReply,
  DoneReply,
  EpochReply,
  FillReply,
  LeaseReply,
  MarkReply,
  ProbeReply,
  ReadReply,
  Sent,
  SetReply,
  UnmarkReply,
  Unreachable,
} from '@lockstep/cache/core/replies';
import type { Answer, GetCaller, Requests } from '@lockstep/cache/requests';
import * as scripts from '@lockstep/model/redis';
import { Call, type Script, type Told } from './call.ts';
import type { Connection } from './connection.ts';
import type { Trace } from './trace.ts';

/** In which epoch, and under which fresh name. */
interface By {
  readonly epoch: string;
  readonly nonce: string;
}

type Invalidated = { readonly keys: readonly string[]; readonly tags?: readonly string[] };

const SILENT: Unreachable = { is: 'unreachable', error: new Error('Redis does not answer') };

export interface Sender {
  /** Name and start of the process: its row among the replicas. */
  readonly row: string;
  readonly connection: Connection;
  readonly now: () => number;
  readonly nonce: () => string;
  readonly trace: Trace | null;
}

/** The protocol's requests to one partition, as packages/cache/src/redis/commands.ts, each a script of the simulated Redis. */
export class SimRequests implements Requests {
  readonly #partition: Partition;
  readonly #name: string;
  readonly #sender: Sender;

  constructor(partition: Partition, sender: Sender) {
    this.#partition = partition;
    this.#name = String(partition.index);
    this.#sender = sender;
  }

  /** Anybody who is up answers it, so nothing is carried along. */
  get(key: string, caller: GetCaller): void {
    const sent = this.#sent();
    if (!this.#sender.connection.usable) {
      caller.got(sent, SILENT);
      return;
    }
    const script: Script = ({ sim }, by) => scripts.get(sim, by, key);
    this.#call('get', key, script, sent, { epoch: '', nonce: '' }, (told, reply) => caller.got(told, reply));
  }

  read(key: string): Promise<Answer<ReadReply>> {
    return this.#run('read', key, ({ sim }, caller) => scripts.read(sim, caller, key));
  }

  lease(key: string, token: string): Promise<Answer<LeaseReply>> {
    return this.#run('lease', key, ({ sim }, caller) => scripts.lease(sim, caller, { key, token }));
  }

  fill(
    key: string,
    lease: Lease,
    ttlMs: number,
    ageMs: number,
    tags: readonly string[],
    payload: string,
  ): Promise<Answer<FillReply>> {
    const { token, f, epoch } = lease;
    const request = { key, token, f, tags, payload, ttlMs, ageMs };
    return this.#run('fill', key, ({ sim }, caller) => scripts.fill(sim, caller, request), epoch);
  }

  release(key: string, { token, epoch }: Lease): Promise<Answer<ClockReply>> {
    return this.#run('release', key, ({ sim }, caller) => scripts.release(sim, caller, { key, token }), epoch);
  }

  clock(): Promise<Answer<ClockReply>> {
    return this.#run('clock', '', clock);
  }

  invalidate(mutation: Invalidated, epoch?: string): Promise<Answer<DoneReply>> {
    return this.#run('invalidate', mutation, ({ sim }, caller) => scripts.invalidate(sim, caller, mutation), epoch);
  }

  mark(keys: readonly string[], writer: string, durationMs: number): Promise<Answer<MarkReply>> {
    return this.#run('mark', keys, ({ sim }, caller) => scripts.mark(sim, caller, { keys, writer, durationMs }));
  }

  unmark(keys: readonly string[], writer: string, tags: readonly string[]): Promise<Answer<UnmarkReply>> {
    const request = { keys, writer, tags };
    return this.#run('unmark', request, ({ sim }, caller) => scripts.unmark(sim, caller, request));
  }

  acks(clock: number): Promise<Answer<AcksReply>> {
    return this.#run('acks', clock, ({ sim }, caller) => scripts.acks(sim, caller, clock));
  }

  set(key: string, ttlMs: number, tags: readonly string[], payload: string): Promise<Answer<SetReply>> {
    return this.#run('set', key, ({ sim }, caller) => scripts.set(sim, caller, { key, tags, payload, ttlMs }));
  }

  beat(): Promise<Answer<BeatReply | EpochReply | Unreachable>> {
    const request = { replica: this.#sender.row, applied: this.#partition.applied };
    const script: Script = ({ sim }, caller) => scripts.beat(sim, caller, request);
    return this.#always('beat', request.applied, script, this.#sent());
  }

  /** The first epoch is the one to replace, so that the prologue lets it pass. */
  renew(offered: string): Promise<Answer<EpochReply | Unreachable>> {
    const own = this.#partition.epoch ?? '';
    return this.#always('renew', offered, ({ sim }, by) => scripts.renew(sim, by, own), this.#sent(), offered);
  }

  probe(): Promise<Answer<ProbeReply>> {
    return this.#run('probe', '', probe);
  }

  prove(epoch: string, probe: number): Promise<Answer<DoneReply>> {
    return this.#run('prove', probe, ({ sim }, caller) => scripts.prove(sim, caller, probe), epoch);
  }

  bless(epoch: string, preceding: string): Promise<Answer<BlessReply>> {
    return this.#run('bless', preceding, ({ sim }, caller) => scripts.bless(sim, caller, preceding), epoch);
  }

  #sent(): Sent {
    return this.#partition.sending(this.#sender.now());
  }

  /** In the epoch of the replica, or the one given. */
  #run(name: string, about: unknown, script: Script, epoch?: string): Promise<Answer<never>> {
    const now = this.#sent();
    const sent = epoch === undefined ? now : { ...now, epoch };
    const { connection, nonce } = this.#sender;
    if (!connection.usable) return silence(sent);
    return this.#send(name, about, script, sent, { epoch: sent.epoch, nonce: nonce() });
  }

  /** Also over a connection that has been silent. `epoch` is the one that the script is told, `sent` those of the answer. */
  #always(name: string, about: unknown, script: Script, sent: Sent, epoch = sent.epoch): Promise<Answer<never>> {
    const { connection, nonce } = this.#sender;
    return connection.ready ? this.#send(name, about, script, sent, { epoch, nonce: nonce() }) : silence(sent);
  }

  #send(name: string, about: unknown, script: Script, sent: Sent, by: By): Promise<Answer<never>> {
    return new Promise((resolve) => {
      this.#call(name, about, script, sent, by, (_, reply) => resolve({ sent, reply }));
    });
  }

  #call(name: string, about: unknown, script: Script, sent: Sent, { epoch, nonce }: By, told: Told): void {
    const { connection, trace } = this.#sender;
    const performed = trace === null ? script : this.#traced(trace, name, about, script);
    new Call(connection, performed, sent, { epoch, nonce, partition: this.#name }, told).send();
  }

  #traced(trace: Trace, name: string, about: unknown, script: Script): Script {
    return (server, caller) => {
      const reply = script(server, caller);
      const text = `${this.#sender.row} ${name} ${words(about)} -> ${words(reply)}`;
      trace.note(`redis ${server.index}`, text, isDull(name, reply));
      return reply;
    };
  }
}

const clock: Script = ({ sim }, caller) => scripts.clock(sim, caller);
const probe: Script = ({ sim }, caller) => scripts.probe(sim, caller);

function silence(sent: Sent): Promise<Answer<never>> {
  return Promise.resolve({ sent, reply: SILENT as never });
}

function isDull(script: string, reply: unknown): boolean {
  if (script === 'probe' || script === 'prove') return (reply as { is: string }).is !== 'epoch';
  return script === 'beat' && (reply as Partial<BeatReply>).page?.length === 0;
}

function words(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(words).join(' ')}]`;
  return `{${Object.entries(value)
    .map(([name, one]) => `${name} ${words(one)}`)
    .join(', ')}}`;
}
