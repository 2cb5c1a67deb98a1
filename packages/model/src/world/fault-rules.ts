import type { TokenPart } from '@lockstep/cache/core/token';
import type { Rule } from '../engine/system.ts';
import {
  endQuarantine,
  evict,
  evictMeta,
  expire,
  flushAll,
  partitionOf,
  promote,
  removeRow,
  replicate,
  setAccepts,
  sweepTag,
} from '../redis/index.ts';
import { netFlags } from './net.ts';
import { performOnOrigin, tick } from './origin.ts';
import { replicaFlags } from './replica.ts';
import { rule, type SceneMove } from './rules.ts';
import type { Scene, SlotName } from './scene.ts';
import { type Faults, type ReplicaName, type Scope, type ServerName, serversOf } from './scope.ts';
import { KEY, metaOf, serverFlags, TAG } from './server.ts';
import { sessionFlags, timeOf } from './session.ts';
import type { WriterName } from './writing.ts';

/** What the former primary does from then on. */
const ACCEPTS = { dead: 'nothing', deposed: 'reads', primary: 'all' } as const;

/** What time and fate do to the servers. */
export function faultRules(scope: Scope, writers: readonly WriterName[]): Rule[] {
  const { faults = {} } = scope;
  const servers = serversOf(scope);
  return [
    ...servers.flatMap((server) => [
      ...expiries(server, scope, writers),
      ...(faults.sweep ? [sweeps(server)] : []),
      ...(faults.rowRemovals ? scope.l1.map((name) => forgetsRow(server, name, scope)) : []),
      quarantineEnds(server, servers, writers, faults),
    ]),
    ...(scope.forgets ? [forgets(scope)] : []),
    ...(faults.evict ? scope.l1.map((name) => l1Evicts(name)) : []),
    ...(faults.flush ? [flushes(faults)] : []),
    ...(faults.failover === undefined ? [] : failovers(faults, scope)),
  ];
}

function told(words: string, change: (changed: Scene) => void): SceneMove {
  return (changed) => {
    change(changed);
    return { words };
  };
}

function expiries(server: ServerName, { faults = {} }: Scope, writers: readonly WriterName[]): Rule[] {
  const { value, lease, mark } = serverFlags;
  const rules: Rule[] = [];
  if (faults.evict) {
    rules.push(
      rule(`${server} evicts`, { slots: [server], guards: [[server, value | lease]] }, (scene) => {
        const what = partitionOf(scene[server].sim).keys.get(KEY)?.is;
        return [told(`the ${what} at ${server} is gone`, (changed) => evict(changed[server].sim, KEY))];
      }),
    );
  }
  if (faults.markExpiry || faults.brokenA5 || faults.jumps) {
    rules.push(
      rule(`marks at ${server} expire`, { slots: [server], reads: writers, guards: [[server, mark]] }, (scene) => {
        const held = partitionOf(scene[server].sim).keys.get(KEY);
        const tokens = held?.is === 'mark' ? [...new Set(held.writers.map(({ writer }) => writer))] : [];
        // A5: the commit took effect before the deadline, or it never will.
        const dead = tokens.filter((token) => faults.brokenA5 || faults.jumps || !mayCommit(scene, writers, token));
        return dead.map((token) =>
          told(`deadline of ${token}'s mark at ${server} passes`, (changed) => expire(changed[server].sim, KEY, token)),
        );
      }),
    );
  }
  return rules;
}

/** The writer of this token holds its mark, as far as it knows, for a commit to come. */
function mayCommit(scene: Scene, writers: readonly WriterName[], token: string): boolean {
  return writers.some((name) => scene[name].holds !== null && scene[name].write?.writer === token);
}

function sweeps(server: ServerName): Rule {
  return rule(`${server} sweeps tags`, { slots: [server], guards: [[server, serverFlags.tags]] }, () => [
    told(`tag swept at ${server}`, (changed) => sweepTag(changed[server].sim, TAG)),
  ]);
}

/** S + longest mark + margin after the beat that wrote it: what that beat proved is too old. */
function forgetsRow(server: ServerName, name: ReplicaName, { without }: Scope): Rule {
  return rule(`row of ${name} at ${server}`, { slots: [server, 'origin', 'net'] }, (scene) => {
    const row = partitionOf(scene[server].sim).replicas.get(name);
    if (row === undefined || scene.net.rowRemovals === 0) return [];
    return [
      told(`the row of ${name} at ${server} is old and removed`, (changed) => {
        const { origin } = changed;
        removeRow(changed[server].sim, name);
        changed.net.rowRemovals--;
        if (without?.driver?.rowOutlivesProofs) return;
        origin.expired = Math.max(origin.expired, row.at < origin.now ? row.at + 1 : tick(origin));
      }),
    ];
  });
}

/**
 * Q is D + longest mark + margin: no mark of an epoch before lives on, so that no commit under one is still to come, and
 * nobody who was deposed accepts writes any more.
 */
function quarantineEnds(
  server: ServerName,
  servers: readonly ServerName[],
  writers: readonly WriterName[],
  { jumps }: Faults,
): Rule {
  const others = servers.filter((name) => name !== server);
  return rule(
    `the quarantine at ${server}`,
    { slots: [server], reads: ['net', ...others, ...writers], guards: [[server, serverFlags.young]] },
    (scene) => {
      const epoch = metaOf(scene[server])?.epoch;
      const deposed = scene.net.failedOver && others.some((name) => scene[name].sim.accepts === 'all');
      const held = writers.some((name) => scene[name].holds !== null && scene[name].holds !== epoch);
      if ((deposed || held) && !jumps) return [];
      return [
        told(`quarantine of ${epoch} ends at ${server}`, (changed) => {
          const { sim } = changed[server];
          endQuarantine(sim);
          if (sim.options.leaseMs > 0) changed.then('origin', { do: 'quarantine ends', with: server });
        }),
      ];
    },
  );
}

function l1Evicts(name: 'A' | 'B'): Rule {
  return rule(`L1 of ${name} evicts`, { slots: [name], guards: [[name, replicaFlags.holdsL1]] }, () => [
    told(`L1 of ${name} loses its entry`, (changed) => changed[name].partition.l1.delete(KEY)),
  ]);
}

/**
 * S + Q after it was last seen: who was deposed before then accepts nothing any more, and what was proved before is too old.
 * What is older still is forgotten as well.
 */
function forgets({ without }: Scope): Rule {
  const { tokenKeptForQ = false, pointsAgeApart = false } = without?.driver ?? {};
  const guards = [['session', sessionFlags.idle]] as const;
  return rule('tokens are forgotten', { slots: ['session', 'origin'], guards }, ({ session, origin }) => {
    if (session.forgets === 0) return [];
    const old = session.token.filter(({ issuedAt }) => tokenKeptForQ || !origin.split || !timeOf(issuedAt).split);
    return old.map(({ epoch, issuedAt }) => {
      const { at } = timeOf(issuedAt);
      const what = session.token.length === 1 ? 'the token of the session' : `what the session saw in ${epoch}`;
      return told(`S + Q pass: ${what} is forgotten`, (changed) => {
        const { token } = changed.session;
        changed.session.token = pointsAgeApart ? [] : token.filter((part) => timeOf(part.issuedAt).at > at);
        changed.session.forgets--;
        changed.origin.expired = Math.max(changed.origin.expired, at);
      });
    });
  });
}

function flushes({ failover }: Faults): Rule {
  return rule('FLUSHALL', { slots: ['P', 'net'], guards: [['net', netFlags.flushes]] }, (scene) => {
    if (failover !== undefined && scene.net.failedOver) return [];
    return [
      told('FLUSHALL at P', (changed) => {
        changed.net.flushes--;
        flushAll(changed.P.sim);
      }),
    ];
  });
}

function failovers(faults: Faults, scope: Scope): Rule[] {
  const { failover, failBack, replicated = 'prefix' } = faults;
  const before = { slots: ['P', 'Q', 'net'], guards: [['net', netFlags.before]] } as const;
  const rules: Rule[] = [
    rule('failover', before, () => [
      told(`FAILOVER: Q promoted, P ${failover}`, (changed) => {
        changed.net.failedOver = true;
        changed.net.primary = 'Q';
        promote(changed.Q.sim, '2');
        setAccepts(changed.P.sim, ACCEPTS[failover ?? 'dead']);
        // Nobody will ever see what a dead server held.
        if (failover === 'dead' && failBack === undefined) flushAll(changed.P.sim);
        if (failover === 'primary') changed.then('origin', { do: 'split' });
      }),
    ]),
  ];
  if (replicated === 'prefix') {
    rules.push(
      rule('replication', before, () => [
        told('replication/persistence: Q := state of P', (changed) => replicate(changed.P.sim, changed.Q.sim)),
      ]),
    );
  }
  if (failover === 'primary') rules.push(unites(scope));
  if (failBack !== undefined) rules.push(failsBack(failBack, failover));
  return rules;
}

function unites({ forgets }: Scope): Rule {
  const slots: readonly SlotName[] = ['P', 'Q', 'net', ...(forgets ? (['origin', 'session'] as const) : [])];
  return rule('D', { slots, guards: [['net', netFlags.failedOver]] }, (scene) => {
    const deposed = scene.net.primary === 'P' ? 'Q' : 'P';
    if (scene[deposed].sim.accepts !== 'all') return [];
    return [
      told(`D is over: ${deposed} refuses writes`, (changed) => {
        setAccepts(changed[deposed].sim, 'reads');
        if (!forgets) return changed.then('origin', { do: 'unite' });
        performOnOrigin(changed.origin, { do: 'unite' });
        const { session } = changed;
        const isSplit = ({ issuedAt }: TokenPart) => timeOf(issuedAt).split;
        if (!session.token.some(isSplit)) return;
        // Such a point counts from then, D later at most: until then a deposed primary may have given proofs.
        const issuedAt = tick(changed.origin);
        session.token = session.token.map((part) => (isSplit(part) ? { ...part, issuedAt } : part));
      }),
    ];
  });
}

function failsBack(failBack: NonNullable<Faults['failBack']>, failover: Faults['failover']): Rule {
  return rule('fail-back', { slots: ['P', 'Q', 'net'], guards: [['net', netFlags.back]] }, () => [
    told(
      failBack === 'promoted' ? 'FAIL-BACK: P promoted again, unsynced' : `UNDO: P accepts writes again`,
      (changed) => {
        changed.net.failedBack = true;
        changed.net.primary = 'P';
        if (failBack === 'promoted') promote(changed.P.sim, '3');
        else setAccepts(changed.P.sim, 'all');
        if (failBack === 'cleared') evictMeta(changed.P.sim);
        setAccepts(changed.Q.sim, ACCEPTS[failover ?? 'dead']);
        if (failover === 'primary') changed.then('origin', { do: 'split' });
      },
    ),
  ]);
}
