import { clock, endQuarantine, openServer, replicate, setAccepts } from '../redis/index.ts';
import { openOrigin } from './origin.ts';
import { beginBeat, executeBeat, openPulse, receiveBeat } from './pulse.ts';
import { arriveRead, beginRead, executeRead, loadRead, receiveRead } from './reading.ts';
import { openReplica } from './replica.ts';
import type { Scene } from './scene.ts';
import type { ReplicaName, Scope } from './scope.ts';
import { LONG_MS, simOptions } from './server.ts';

type Start = Pick<Scene, 'A' | 'B' | 'P' | 'Q'>;

/** Every replica is in the first epoch, whose quarantine is over, and nothing has been read or proved, unless it is warm. */
export function startOf(scope: Scope, replicas: readonly ReplicaName[]): Start {
  const options = simOptions(scope);
  const start = {
    P: { sim: openServer('1', options), begun: 0 },
    Q: { sim: openServer('0', options), begun: 0 },
    A: openReplica('A', scope),
    B: openReplica('B', scope),
  };
  const told = clock(start.P.sim, { epoch: '', nonce: 'e1', now: 0 });
  start.P.begun = 1;
  endQuarantine(start.P.sim);
  for (const name of replicas) {
    const { partition } = start[name];
    if (told.is === 'epoch') partition.offered(partition.sending(0), told);
  }
  if (scope.warm) warm(start, scope);
  if (scope.faults?.replicated === 'nothing') setAccepts(start.Q.sim, 'reads');
  else replicate(start.P.sim, start.Q.sim);
  return start;
}

/** Version 0 is in L2 and in every L1, and each replica that beats has a proof. */
function warm(start: Start, scope: Scope): void {
  const scene = {
    ...start,
    origin: openOrigin(),
    pulseA: openPulse('A'),
    pulseB: openPulse('B'),
    // biome-ignore lint/suspicious/noThenProperty: a step of the scene, and no promise is near.
    then: () => undefined,
  } as unknown as Scene;
  for (const name of scope.readers) {
    beginRead(scene, scope, scene[name], 0, 'bounded', { part: undefined, boundMs: LONG_MS, floor: 0, session: null });
    finishRead(scene, scope, name);
  }
  for (const name of scope.l1) {
    beginBeat(scene, name);
    executeBeat(scene, name, 'P', 'whole');
    receiveBeat(scene, name, scope);
  }
}

function finishRead(scene: Scene, scope: Scope, name: ReplicaName): void {
  for (;;) {
    const stage = scene[name].flights[0]?.stage;
    if (stage === undefined) return;
    if (stage.is !== 'asking') {
      if (stage.is === 'loaded') arriveRead(scene, scope, scene[name], 0);
      else loadRead(scene, scope, scene[name], 0);
      continue;
    }
    executeRead(scene, name, 0, 'P', scope);
    receiveRead(scene, scope, scene[name], 0);
  }
}
