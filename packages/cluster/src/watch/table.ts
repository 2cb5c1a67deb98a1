import { fit, type Paint, percent, short, type Tone } from './style.ts';
import type { ReplicaView } from './view.ts';
import { sharesOf } from './view.ts';

interface Column {
  /** Two lines above it. */
  readonly title: readonly [string, string];
  readonly width: number;
  readonly side: 'left' | 'right';
  /** In a narrow terminal those with the highest go first. */
  readonly rank: number;
  readonly cell: (replica: ReplicaView) => string;
  readonly tone?: (replica: ReplicaView) => Tone | undefined;
}

const GAP = 1;

const number = (
  title: Column['title'],
  width: number,
  rank: number,
  cell: Column['cell'],
  tone?: Column['tone'],
): Column => ({
  title,
  width,
  rank,
  cell,
  side: 'right',
  ...(tone === undefined ? {} : { tone }),
});

/** 80 columns hold all but the last two. */
const COLUMNS: readonly Column[] = [
  { title: ['', 'replica'], width: 8, side: 'left', rank: 0, cell: ({ name }) => name },
  { title: ['', 'state'], width: 8, side: 'left', rank: 1, cell: ({ state }) => state, tone: stateTone },
  { title: ['', 'trust'], width: 7, side: 'left', rank: 4, cell: ({ trust }) => trust?.state ?? '-', tone: trustTone },
  number(['proof', 'ms'], 5, 2, ({ trust }) => short(trust?.ageMs), trustTone),
  number(['L1', 'hits'], 4, 3, ({ rates }) => percent(sharesOf(rates)?.l1)),
  number(['L2', 'hits'], 4, 5, ({ rates }) => percent(sharesOf(rates)?.l2)),
  number(['gets', '/s'], 5, 6, ({ rates }) => short(rates?.gets)),
  number(['loads', '/s'], 5, 7, ({ rates }) => short(rates === null ? null : rates.loads + rates.bypasses)),
  number(['inval', '/s'], 5, 8, ({ rates }) => short(rates?.invalidationsApplied)),
  number(['lag p50', 'ms'], 7, 9, ({ lag }) => short(lag?.p50)),
  number(['p99', 'ms'], 4, 10, ({ lag }) => short(lag?.p99)),
  number(['loop', 'ms'], 4, 11, ({ loopDelayMs }) => short(loopDelayMs)),
  number(['L1', 'entries'], 7, 12, ({ l1 }) => short(l1?.entries)),
  number(['applied', 'clock'], 9, 13, ({ applied }) => (applied === null ? '-' : String(applied))),
];

/** Two lines of titles and one for each replica, in as many columns as there is room for. */
export function tableOf(replicas: readonly ReplicaView[], width: number, paint: Paint): string[] {
  const columns = columnsWithin(width);
  const line = (cell: (column: Column) => string) => columns.map(cell).join(' '.repeat(GAP)).trimEnd();
  const titles = ([0, 1] as const).map((row) =>
    paint(
      line(({ title, width: wide, side }) => fit(title[row], wide, side)),
      'dim',
    ),
  );
  const rows = replicas.map((replica) =>
    line(({ cell, tone, width: wide, side }) => paint(fit(cell(replica), wide, side), tone?.(replica))),
  );
  return [...titles, ...rows];
}

function columnsWithin(width: number): Column[] {
  const chosen = [...COLUMNS];
  const wide = () => chosen.reduce((sum, column) => sum + column.width + GAP, -GAP);
  while (chosen.length > 1 && wide() > width) {
    const last = chosen.reduce((most, column) => (column.rank > most.rank ? column : most));
    chosen.splice(chosen.indexOf(last), 1);
  }
  return chosen;
}

function stateTone({ state }: ReplicaView): Tone {
  if (state === 'ready') return 'good';
  return state === 'starting' || state === 'parked' || state === 'draining' ? 'warn' : 'bad';
}

/** Yellow from half the bound on: a beat comes each quarter of it, so that one at least is late. */
function trustTone({ trust }: ReplicaView): Tone | undefined {
  if (trust === null) return undefined;
  if (trust.state !== 'trusted') return 'bad';
  return trust.ageMs !== null && trust.ageMs > trust.boundMs / 2 ? 'warn' : undefined;
}
