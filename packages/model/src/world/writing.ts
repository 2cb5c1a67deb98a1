import type { Stamp } from '@lockstep/cache';
import type { Partition } from '@lockstep/cache/core/partition';
import type { AcksReply, DoneReply, MarkReply, SetReply, UnmarkReply, Unreachable } from '@lockstep/cache/core/replies';
import { Write, type WriteEffect } from '@lockstep/cache/core/write';
import { acks, invalidate, mark, set, unmark } from '../redis/index.ts';
import { acknowledge, commit, tick } from './origin.ts';
import { given } from './reading.ts';
import type { Scene } from './scene.ts';
import type { Scope, ServerName, WriterKind, WriterScope } from './scope.ts';
import { ask, KEY, LONG_MS, OTHER, TAG } from './server.ts';
import { MARK_MS, type Order, type OrderReply, type Writer, type WriterStage } from './writer.ts';

/** Drives the core's `Write`, as the library's writer does, and the writes that are less than that. */

/** A time at which S(1 + drift) is over, whenever the wait began, and a mark is not. */
const WAITED = 3 * LONG_MS;
/** Writes begun anew after one of which Redis could not be told. */
const ATTEMPTS = 2;

const ERROR = new Error('the writer stops');

export type WriterName = 'W0' | 'W1';

type Asking = Extract<WriterStage, { is: 'asking' }>;

export function openWriter(name: WriterName, of: WriterScope, scope: Scope, partition: Partition): Writer {
  const writer: Writer = {
    name,
    kind: of.kind,
    on: of.on,
    session: of.session ?? false,
    stage: { is: 'asked for' },
    attempt: 0,
    write: null,
    version: 0,
    holds: null,
    waitsFrom: 0,
    markedAt: 0,
    toNote: null,
  };
  if (!writer.session) begin(writer, scope, partition);
  return writer;
}

/** From the beginning, or anew where nothing was committed. */
export function begin(writer: Writer, scope: Scope, partition: Partition): void {
  const keys = keysOf(writer.kind);
  switch (writer.kind) {
    case 'm':
    case 'o':
    case 'T':
    case 'N': {
      const request = {
        keys,
        tags: tagsOf(writer.kind),
        writer: `${writer.name}${"'".repeat(writer.attempt)}`,
        markMs: MARK_MS,
        commitLimitMs: 1,
        writes: scope.property === 'linearizable' ? ('linearizable' as const) : ('bounded' as const),
        leaseMs: LONG_MS,
        onUnreachable: writer.kind === 'o' ? ('outbox' as const) : ('fail' as const),
      };
      writer.write = scope.without?.write?.(partition, request) ?? new Write(partition, request);
      writer.stage = stageOf(writer.write.start(0));
      return;
    }
    case 's':
      writer.stage = { is: 'ready', order: { do: 'set' } };
      return;
    case 'n':
      writer.stage = { is: 'ready', order: { do: 'invalidate' } };
      return;
    default:
      writer.stage = { is: 'committing' };
  }
}

function keysOf(kind: WriterKind): string[] {
  if (kind === 't') return [];
  return kind === 'T' || kind === 'n' || kind === 'N' ? [OTHER] : [KEY];
}

function tagsOf(kind: WriterKind): string[] {
  return kind === 't' || kind === 'T' ? [TAG] : [];
}

/** The next request leaves. */
export function sendOrder(scene: Scene, writer: Writer): void {
  const { order } = writer.stage as Extract<WriterStage, { is: 'ready' }>;
  const { at, partition } = scene[writer.on];
  const sent = { ...partition.sending(scene.origin.now), at: 0, seen: 0, provedAt: 0 };
  writer.stage = { is: 'asking', order, at, sent, reply: null };
}

/** It is executed. */
export function executeOrder(scene: Scene, writer: Writer, server: ServerName, scope: Scope): void {
  const stage = writer.stage as Asking;
  const { order, sent } = stage;
  const keys = keysOf(writer.kind);
  const tags = tagsOf(writer.kind);
  const token = writer.write?.writer ?? writer.name;
  const reply = ask(scene, server, sent.epoch, (sim, caller): OrderReply => {
    switch (order.do) {
      case 'mark':
        return mark(sim, caller, { keys, tags, writer: token });
      case 'unmark':
        return unmark(sim, caller, { keys, tags: order.tags, writer: token });
      case 'acks':
        return acks(sim, caller, order.clock);
      case 'invalidate':
        return invalidate(sim, caller, { keys, tags });
      case 'set':
        return set(sim, caller, { key: KEY, payload: `${scene.origin.version + 1}` });
    }
  });
  if (order.do === 'mark' && reply.is === 'ok') {
    writer.holds = sent.epoch;
    if (scope.without?.driver?.doneAtUnmark) writer.markedAt = reply.clock;
  }
  if (order.do === 'set' && reply.is === 'ok') writer.version = ++scene.origin.version;
  writer.stage = { ...stage, reply };
}

/** Its answer arrives. */
export function receiveOrder(scene: Scene, writer: Writer, scope: Scope): void {
  const stage = writer.stage as Asking;
  const { order, sent, reply } = stage;
  if (writer.write !== null) {
    follow(scene, writer, scope, answered(writer.write, stage, scene.origin.now));
    return;
  }
  const done = reply as DoneReply | SetReply;
  const { partition } = scene[writer.on];
  if (done.is === 'ok') {
    partition.wrote(sent, { clock: done.clock, keys: keysOf(writer.kind), tags: tagsOf(writer.kind), at: 0 });
    acknowledged(scene, writer, scope, { partition: 0, epoch: sent.epoch, clock: done.clock });
    return;
  }
  if (done.is === 'epoch') partition.offered(sent, done);
  writer.stage = { is: 'ready', order };
}

function answered(write: Write, { order, sent, reply }: Asking, now: number): WriteEffect {
  switch (order.do) {
    case 'mark':
      return write.marked(sent, reply as MarkReply, now);
    case 'acks':
      return write.acked(sent, reply as AcksReply, now);
    default:
      return write.unmarked(sent, reply as UnmarkReply, now);
  }
}

/** No answer will arrive. */
export function loseOrder(scene: Scene, writer: Writer, scope: Scope, error: Unreachable): void {
  const stage = writer.stage as Asking;
  writer.stage = { ...stage, reply: error };
  receiveOrder(scene, writer, scope);
}

/** The origin commits; a write of another key only says so. */
export function commitWrite(scene: Scene, writer: Writer, scope: Scope): void {
  writer.holds = null;
  if (writer.kind !== 'N') {
    const [key = OTHER] = keysOf(writer.kind);
    writer.version = commit(scene.origin, scope, { key, tags: tagsOf(writer.kind) });
  }
  if (writer.kind === 'q') finish(writer);
  else if (writer.write === null) writer.stage = { is: 'ready', order: { do: 'invalidate' } };
  else follow(scene, writer, scope, writer.write.committed());
}

/** S(1 + drift) has passed since a linearizable write began to wait: proofs from before then are too old for any reader. */
export function endWait(scene: Scene, writer: Writer, scope: Scope): void {
  const { origin } = scene;
  const write = writer.write as Write;
  origin.expired = Math.max(origin.expired, writer.waitsFrom);
  const sent = scene[writer.on].partition.sending(origin.now);
  follow(
    scene,
    writer,
    scope,
    writer.stage.is === 'pausing'
      ? write.paused(WAITED)
      : write.acked(sent, { is: 'unreachable', error: ERROR }, WAITED),
  );
}

/** The caller thinks better of it before the commit. */
export function abortWrite(scene: Scene, writer: Writer, scope: Scope): void {
  writer.holds = null;
  follow(scene, writer, scope, (writer.write as Write).aborted(ERROR));
}

/** The process is gone. What it has sent was executed before, or never is. */
export function crash(scene: Scene, writer: Writer): void {
  writer.holds = null;
  writer.write = null;
  writer.toNote = null;
  writer.stage = { is: 'crashed' };
  if (writer.session) scene.then('session', { do: 'give up' });
}

function follow(scene: Scene, writer: Writer, scope: Scope, effect: WriteEffect): void {
  switch (effect.do) {
    case 'acknowledge':
      acknowledged(scene, writer, scope, effect.stamp);
      break;
    case 'refuse':
      refused(scene, writer, scope);
      break;
    case 'repeat':
      follow(scene, writer, scope, (writer.write as Write).committed());
      break;
    default:
      // The wait begins with the answer to MARK, or of an UNMARK that fell back, and is then asked about again and again.
      if (waits(effect) && writer.stage.is === 'asking' && writer.stage.order.do !== 'acks') {
        writer.waitsFrom = tick(scene.origin);
      }
      writer.stage = stageOf(effect);
  }
}

function waits(effect: WriteEffect): boolean {
  return effect.do === 'acks' || effect.do === 'pause';
}

function stageOf(effect: WriteEffect): WriterStage {
  switch (effect.do) {
    case 'mark':
      return { is: 'ready', order: { do: 'mark' } };
    case 'acks':
      return { is: 'ready', order: { do: 'acks', clock: effect.clock } };
    case 'unmark':
      return { is: 'ready', order: { do: 'unmark', tags: effect.tags } };
    case 'pause':
      return { is: 'pausing' };
    case 'commit':
      return { is: 'committing' };
    default:
      throw new TypeError(`a write cannot stand at ${effect.do}`);
  }
}

function acknowledged(scene: Scene, writer: Writer, scope: Scope, stamp: Stamp): void {
  const { version, session } = writer;
  if (version > 0) acknowledge(scene.origin, version, scope);
  if (session)
    scene.then('session', {
      do: 'wrote',
      with: given(scene, scope, scene[writer.on].partition, 'wrote', { version, stamp }),
    });
  finish(writer);
  if (scope.ownMarks === true && version > 0) {
    writer.toNote = scope.without?.driver?.doneAtUnmark ? { ...stamp, clock: writer.markedAt } : stamp;
  }
}

/** Nothing was committed: whoever wanted the write tries again, for a while. */
function refused(scene: Scene, writer: Writer, scope: Scope): void {
  writer.holds = null;
  if (++writer.attempt < ATTEMPTS) {
    begin(writer, scope, scene[writer.on].partition);
    return;
  }
  finish(writer);
  if (writer.session) scene.then('session', { do: 'give up' });
}

function finish(writer: Writer): void {
  writer.stage = { is: 'done' };
  writer.write = null;
}

/** What became of the order that a writer has sent. */
export function wordsOfOrder(writer: Writer, order: Order, server: ServerName, reply: OrderReply | null): string {
  const what = `${writer.name} ${nameOf(writer, order)} at ${server}`;
  if (reply === null || reply.is === 'unreachable') return `${what}: no answer`;
  if (reply.is === 'epoch') return `${what}: EPOCH ${reply.epoch} clock ${reply.clock}`;
  const lost = 'lost' in reply && reply.lost > 0 ? ', mark lost: INVALIDATE' : '';
  const waiting = 'waiting' in reply && reply.waiting > 0 ? `, ${reply.waiting} to wait for` : '';
  return `${what}: clock ${reply.clock}${lost}${waiting}${reply.is === 'mark' ? ', refused: marked' : ''}`;
}

export function nameOf({ kind, version }: Pick<Writer, 'kind' | 'version'>, order: Order): string {
  const what = [...keysOf(kind), ...tagsOf(kind).map(() => 'tag')].map((key) => (key === KEY ? 'key' : key)).join(', ');
  if (order.do === 'set') return `SET v${version}`;
  return order.do === 'acks' ? `ACKS ${order.clock}` : `${order.do.toUpperCase()}(${what})`;
}
