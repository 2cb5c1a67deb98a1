import { CacheError, type ReadResult, type Stamp } from '@lockstep/cache';
import { isShown, LIST, TAG } from '../plan/keys.ts';
import type { PlannedOperation } from '../plan/plan.ts';
import type { Cluster } from './cluster.ts';
import type { Asked } from './history.ts';
import type { Transaction } from './origin.ts';
import type { Replica } from './replica.ts';

/** Between two tries of an invalidation that was not confirmed, ms. */
const REPEAT_MS = 40;

type Planned<D extends PlannedOperation['do']> = Extract<PlannedOperation, { do: D }>;

/** One client: its operations follow each other, on whichever replica, and it carries its token along. */
export class Session {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #waiting: PlannedOperation[] = [];
  #token: string | undefined;
  /** Where its present operation is. */
  #replica: Replica | null = null;
  /** What becomes of it if that replica ends. */
  #abandon: () => void = nothing;

  constructor(cluster: Cluster, index: number) {
    this.#cluster = cluster;
    this.name = `client ${index}`;
  }

  get busy(): boolean {
    return this.#replica !== null;
  }

  /** Begins nothing any more. */
  stop(): void {
    this.#waiting.length = 0;
  }

  begin(operation: PlannedOperation): void {
    if (this.busy) {
      this.#waiting.push(operation);
      return;
    }
    const { agenda } = this.#cluster;
    const replica = this.#cluster.replicaUp(operation.replica);
    if (replica === undefined) return;
    if (!replica.paused) {
      this.#perform(operation, replica);
      return;
    }
    this.#occupy(replica, nothing);
    agenda.turn(replica, agenda.now, () => {
      this.#replica = null;
      this.#perform(operation, replica);
    });
  }

  /** The replica has ended: this client will hear no more of what it asked it. */
  left(replica: Replica): void {
    if (this.#replica !== replica) return;
    this.#abandon();
    this.#end();
  }

  #occupy(replica: Replica, abandon: () => void): void {
    this.#replica = replica;
    this.#abandon = abandon;
  }

  #end(): void {
    this.#replica = null;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { agenda } = this.#cluster;
    agenda.at(agenda.now, () => this.begin(next));
  }

  #perform(operation: PlannedOperation, replica: Replica): void {
    switch (operation.do) {
      case 'read':
      case 'find':
        this.#read(operation, replica);
        break;
      case 'mutate':
        this.#mutate(operation, replica);
        break;
      case 'invalidate':
        this.#invalidate(operation, replica);
        break;
      case 'set':
        this.#set(replica);
        break;
      case 'psql':
        this.#cluster.psql(operation.keys);
    }
  }

  #read(operation: Planned<'read' | 'find'>, replica: Replica): void {
    const { agenda, origin, setKey, mechanisms } = this.#cluster;
    const { level } = operation;
    const cache = this.#cacheOf(replica);
    const key = operation.do === 'find' ? setKey : operation.key;
    const token = level === 'session' && mechanisms.tokens !== false ? this.#token : undefined;
    const tight = operation.do === 'read' && operation.tight;
    const options = { level, token, maxStalenessMs: tight ? this.#cluster.tightMs : undefined };
    const asked = { key, level, start: agenda.now, tight };
    const hit = cache.hit<number>(key, options);
    if (hit !== undefined) {
      this.#saw(replica, asked, hit);
      return;
    }
    const result =
      operation.do === 'find'
        ? cache.find<number>(key, options)
        : cache.get<number>(key, () => origin.load(replica, key), options);
    this.#occupy(replica, nothing);
    const { life } = replica;
    result.then(
      (read) => {
        if (replica.life === life) this.#answered(replica, asked, read);
      },
      (error: unknown) => {
        if (replica.life === life) this.#refused(error);
      },
    );
    agenda.loud();
  }

  #answered(replica: Replica, asked: Asked, read: ReadResult<number> | undefined): void {
    if (read !== undefined) this.#saw(replica, asked, read);
    else this.#cluster.history.absent(this.name, asked.key, asked.level, asked.start, replica.name);
    this.#end();
  }

  #refused(error: unknown): void {
    this.#cluster.history.refused(codeOf(error));
    this.#end();
  }

  #saw(replica: Replica, asked: Asked, result: ReadResult<number>): void {
    this.#cluster.history.read(this.name, asked, replica.name, result);
    if (asked.level === 'session') this.#follow(replica, result.stamp);
  }

  #follow(replica: Replica, stamps: Stamp | readonly Stamp[]): void {
    this.#token = this.#cacheOf(replica).issue(stamps, this.#token);
  }

  #mutate({ keys, fate, tagsInside }: Planned<'mutate'>, replica: Replica): void {
    const { agenda, origin, history, died } = this.#cluster;
    const start = agenda.now;
    const listed = keys.some(isShown);
    const transaction: Transaction = { change: { keys, listed }, fate, versions: null };
    const tags = listed && !tagsInside ? [TAG] : [];
    const ended = (outcome: 'ok' | 'failed' | 'unknown') => {
      if (outcome === 'unknown' && listed) replica.owes = true;
      history.wrote(this.name, transaction, start, outcome, replica.name);
    };
    this.#occupy(replica, () => {
      ended('unknown');
      if (listed) this.#cluster.orphan(LIST);
    });
    this.#cacheOf(replica)
      .mutate({ keys, tags }, (window) => {
        if (listed && tagsInside) window.tag(TAG);
        return origin.commit(replica, transaction, window, () => died(replica));
      })
      .then(
        hears(replica, ({ stamps }) => {
          this.#follow(replica, stamps);
          // Left to the outbox it converges, and nothing more is promised before the relay has run.
          ended(stamps.some(({ epoch }) => epoch === null) ? 'unknown' : 'ok');
          this.#end();
        }),
        hears(replica, (error: unknown) => {
          ended(codeOf(error) === 'E_CACHE_OUTCOME_UNKNOWN' ? 'unknown' : 'failed');
          history.refused(codeOf(error));
          this.#end();
        }),
      );
    agenda.loud();
  }

  /** As an application that writes past the cache and tells it afterwards, and again until that is confirmed. */
  #invalidate({ key }: Planned<'invalidate'>, replica: Replica): void {
    const { agenda, origin, history } = this.#cluster;
    const transaction: Transaction = { change: { keys: [key], listed: false }, fate: 'ok', versions: null };
    const start = agenda.now;
    this.#occupy(replica, () => {
      history.wrote(this.name, transaction, start, 'unknown', replica.name);
      this.#cluster.orphan(key);
    });
    const tell = () => {
      this.#cacheOf(replica)
        .invalidate({ keys: [key] })
        .then(
          hears(replica, ({ stamps }) => {
            this.#follow(replica, stamps);
            history.wrote(this.name, transaction, start, 'ok', replica.name);
            this.#end();
          }),
          hears(replica, () => {
            agenda.turn(replica, agenda.now + REPEAT_MS, tell);
          }),
        );
    };
    const telling = hears(replica, () => {
      agenda.turn(replica, agenda.now + origin.step(), tell);
    });
    agenda.at(start + origin.step(), () => {
      transaction.versions = origin.apply(transaction.change);
      telling();
    });
  }

  /** One client writes such a key, so its versions are its own. After an answer that never came it takes another key. */
  #set(replica: Replica): void {
    const { agenda, history, setKey } = this.#cluster;
    const start = agenda.now;
    const version = this.#cluster.nextSet();
    const unknown = () => {
      history.set(this.name, setKey, version, start, 'unknown', replica.name);
      this.#cluster.renameSetKey();
    };
    this.#occupy(replica, unknown);
    this.#cacheOf(replica)
      .set(setKey, version)
      .then(
        hears(replica, ({ stamps }) => {
          this.#follow(replica, stamps);
          history.set(this.name, setKey, version, start, 'ok', replica.name);
          this.#end();
        }),
        hears(replica, (error: unknown) => {
          history.refused(codeOf(error));
          unknown();
          this.#end();
        }),
      );
    agenda.loud();
  }

  #cacheOf(replica: Replica): NonNullable<Replica['cache']> {
    if (replica.cache === null) throw new Error(`${replica.name} is down`);
    return replica.cache;
  }
}

/** What becomes of a read: it had no effect. */
function nothing(): void {}

/** What a client is told by a process, and not once that has ended, when it has gone on to something else. */
function hears<A extends readonly unknown[]>(replica: Replica, told: (...answer: A) => void): (...answer: A) => void {
  const { life } = replica;
  return (...answer) => {
    if (replica.life === life) told(...answer);
  };
}

function codeOf(error: unknown): string {
  return error instanceof CacheError ? error.code : 'the origin';
}
