import type { Snapshot } from '../../shared/state.ts';
import type { Result } from '../model.ts';

/** What a step may look at: all of it comes from the cluster, nothing is played back. */
export interface Scene {
  readonly now: Snapshot;
  /** What the tour's scenario came to on either side. */
  readonly result: Result;
  /** When the present step began, by the server's clock. */
  readonly since: number;
  readonly product: number;
}

export interface Step {
  /** What is lifted out while it is spoken of. */
  readonly show: string;
  /** One sentence. */
  words(scene: Scene): string;
  /** What the step waits for, and whether it has come. */
  readonly waits: string;
  ready(scene: Scene): boolean;
  /** The scenario's own sentences are told beside it. */
  readonly during?: 'scenario';
  /** What happens as the step begins. */
  readonly begin?: 'edit' | 'scenario';
}

const replicas = ({ now }: Scene) => now.members.filter(({ kind }) => kind === 'replica');
const cells = ({ now }: Scene) => Object.values(now.matrix.cells).flat();
const isOver = ({ now }: Scene) => now.scenario === null || now.scenario.done;

/** A minute from "what is this" to "so that is the difference". */
export const STEPS: readonly Step[] = [
  {
    show: '#board',
    words: (scene) =>
      `Each of these ${replicas(scene).length} columns is a replica of one service, with a memory of its own; Redis and Postgres stand behind them all.`,
    waits: 'a replica that is ready',
    ready: (scene) => replicas(scene).some(({ state }) => state === 'ready'),
  },
  {
    show: '.matrix',
    words: () =>
      'The Origin column is the truth: ✓ is a replica that holds exactly that version, – one that holds nothing, ▲ one that is wrong.',
    waits: 'a replica that holds something',
    ready: (scene) => cells(scene).some(({ state }) => state === 'fresh'),
  },
  {
    show: '.lane',
    words: ({ product }) =>
      `The price of product ${product} was just changed: each number is how many milliseconds it took until that replica had dropped its old copy.`,
    begin: 'edit',
    waits: 'the change to reach every replica',
    ready: (scene) => travelled(scene),
  },
  {
    show: '#protocol',
    words: () =>
      'Now the textbook way: the replicas are restarted on a plain two-tier cache with pub/sub, which takes every message for granted.',
    begin: 'scenario',
    during: 'scenario',
    waits: 'the replicas to run naive',
    ready: ({ now, result }) => result.naive !== null || (now.scenario !== null && now.cluster.protocol === 'naive'),
  },
  {
    show: '.matrix',
    words: () =>
      'A replica has missed an invalidation and does not know it: its cell says for how long it has been giving wrong answers, and nothing will repair it.',
    during: 'scenario',
    waits: 'a copy that is older than the bound allows',
    // While the replicas are restarted cells may be old as well, and are not what is spoken of.
    ready: ({ now, result }) => result.naive !== null || (now.scenario?.phase === 'running' && beyondBound(now)),
  },
  {
    show: '#verdict',
    words: ({ result }) =>
      `The judge compares every answer with what the origin had committed${result.naive === null ? '.' : `. Naive: ${result.naive}`}`,
    during: 'scenario',
    waits: 'the verdict on naive',
    ready: (scene) => scene.result.naive !== null || isOver(scene),
  },
  {
    show: '#board',
    words: () =>
      'The same fault again, guarded: a pulled beat finds the gap and replays it, and a replica that cannot prove what it holds does not answer from it.',
    during: 'scenario',
    waits: 'the verdict on guarded',
    ready: (scene) => scene.result.guarded !== null || isOver(scene),
  },
  {
    show: '#scenarios',
    words: ({ now, result }) =>
      `Naive: ${result.naive ?? missing(now)}. Guarded: ${result.guarded ?? missing(now)}. Now break it yourself: touch any member.`,
    waits: '',
    ready: () => true,
  },
];

/** Why there is no result. */
function missing({ scenario }: Snapshot): string {
  return scenario?.phase.startsWith('failed') ? scenario.phase : 'no result';
}

function travelled({ now, since, product }: Scene): boolean {
  const ours = now.invalidations.filter(({ key, at }) => key === `product:${product}` && at >= since);
  return ours.some(({ ticks }) => Object.keys(ticks).length > 0 && Object.values(ticks).every((lag) => lag !== null));
}

function beyondBound({ matrix, cluster }: Snapshot): boolean {
  return Object.values(matrix.cells).some((column) =>
    column.some(({ state, staleMs }) => state === 'stale' && staleMs !== null && staleMs > cluster.boundMs),
  );
}
