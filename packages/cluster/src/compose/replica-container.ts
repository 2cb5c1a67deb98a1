import { ClusterError } from '../errors.ts';
import { isReplicaState, type ReplicaView } from '../processes/replica.ts';
import type { ReplicaStatus } from '../status.ts';
import type { Container } from './compose.ts';
import { docker } from './docker.ts';

/** Sent from within the container, as the inner network cannot be reached from this machine: `ASK ADDRESS`. */
const ASK =
  'exec 3<>"/dev/tcp/$0/3001" && printf "GET /internal/status HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n" >&3 && cat <&3';

/** One replica of the application in its container. */
export class ReplicaContainer {
  /** Who has put it on other networks, or paused what it needs, did not tell us. */
  readonly cutOff = true;
  readonly #container: Container;

  constructor(container: Container) {
    this.#container = container;
  }

  /** What it says of itself on its private listener; null when it does not answer. */
  async view(): Promise<ReplicaView | null> {
    const { id, running, addresses } = this.#container;
    if (!running) return null;
    try {
      return viewIn(await docker(['exec', id, 'timeout', '2', 'bash', '-c', ASK, addresses.inner ?? '']));
    } catch (error) {
      if (error instanceof ClusterError) return null;
      throw error;
    }
  }

  /** Its row of the cluster's status. */
  async status(): Promise<ReplicaStatus> {
    const { number, running, health } = this.#container;
    const row = { name: `api-${number}`, url: null, internal: null, pid: null };
    if (!running) return { ...row, state: 'down' };
    const { state = health === 'starting' ? 'starting' : 'unreachable' } = (await this.view()) ?? {};
    return { ...row, state };
  }
}

/** Takes the status out of an answer of HTTP; null when there is none in it. */
export function viewIn(answer: string): ReplicaView | null {
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  try {
    const { state, partitions } = JSON.parse(body) as Partial<ReplicaView>;
    return isReplicaState(state) && Array.isArray(partitions) ? { state, partitions } : null;
  } catch {
    return null;
  }
}
