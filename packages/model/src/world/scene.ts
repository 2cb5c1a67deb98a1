import type { Operation } from '../engine/system.ts';
import type { Bus } from './bus.ts';
import type { Net } from './net.ts';
import type { Origin } from './origin.ts';
import type { Pulse } from './pulse.ts';
import type { RelayNode } from './relay-node.ts';
import type { Replica } from './replica.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';
import type { Writer } from './writer.ts';

/** The components of a state, as far as a rule looks at them: of the others there are none. */
export interface Scene {
  P: Server;
  Q: Server;
  A: Replica;
  B: Replica;
  pulseA: Pulse;
  pulseB: Pulse;
  W0: Writer;
  W1: Writer;
  origin: Origin;
  session: Session;
  bus: Bus;
  net: Net;
  relayA: RelayNode;
  relayB: RelayNode;
  readonly then: (slot: SlotName, operation: Operation) => void;
}

export type SlotName = Exclude<keyof Scene, 'then'>;
