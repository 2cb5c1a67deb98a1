import { fit, type Paint, painter, percent, short, type Tone, timeOf } from './style.ts';
import { tableOf } from './table.ts';
import { sharesOf, type View, type WatchEvent } from './view.ts';
import { WINDOW_MS } from './windows.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const KEYS = 'q or Ctrl-C ends this view, not the cluster';
/** Lines that are no replica and no event. */
const FEWEST_EVENTS = 3;

/** One frame: at most `rows` lines of at most `columns` characters, colours apart. */
export function render(view: View, { columns, rows }: Size, coloured: boolean): string[] {
  const paint = painter(coloured);
  const width = Math.max(1, columns);
  const top = [
    ...headOf(view, width, paint),
    '',
    ...tableOf(view.replicas, width, paint),
    ...(view.replicas.length === 0 ? ['no replicas'] : []),
    '',
    ...totalsOf(view, width, paint),
    '',
  ];
  const room = rows - top.length - 2;
  // With sixteen replicas in a low terminal the replicas are what one looks at.
  if (room < FEWEST_EVENTS) return [...top.slice(0, Math.max(0, rows - 1)), paint(fit(KEYS, width).trimEnd(), 'dim')];
  const newest = [...view.events].reverse().slice(0, room);
  return [
    ...top,
    paint(fit('events, newest first', width).trimEnd(), 'dim'),
    ...(newest.length === 0
      ? [fit('none yet', width).trimEnd()]
      : newest.map((event) => eventLine(event, width, paint))),
    ...Array.from({ length: room - Math.max(1, newest.length) }, () => ''),
    paint(fit(KEYS, width).trimEnd(), 'dim'),
  ];
}

/** The cluster in one line, for where there is no screen. */
export function lineOf({ at, replicas, rates, lag }: View, fresh: readonly WatchEvent[]): string {
  const ready = replicas.filter(({ state }) => state === 'ready').length;
  const trusted = replicas.filter(({ trust }) => trust?.state === 'trusted').length;
  const shares = sharesOf(rates);
  const proofs = replicas.flatMap(({ trust }) => trust?.ageMs ?? []);
  const words = [
    `${timeOf(at)}  ${ready}/${replicas.length} ready, ${trusted} trusted`,
    `proof at most ${proofs.length === 0 ? '-' : short(Math.max(...proofs))} ms`,
    `L1 ${percent(shares?.l1)} L2 ${percent(shares?.l2)}`,
    `${short(rates?.gets)} gets/s`,
    `${short(rates === null ? null : rates.loads + rates.bypasses)} loads/s`,
    `${short(rates?.invalidationsApplied)} inval/s`,
    `lag ${short(lag?.p50)}/${short(lag?.p99)} ms`,
    ...fresh.map(({ who, text, times }) => `${whoOf(who)} ${text}${timesOf(times)}`),
  ];
  return words.join('  ');
}

function headOf({ url, at, settings, replicas }: View, width: number, paint: Paint): string[] {
  const { protocol, writes, stalenessMs, beatMs } = settings;
  const clock = timeOf(at);
  const left = fit(`Lockstep  ${url}`, Math.max(1, width - clock.length - 1));
  const quarantineMs = Math.max(0, ...replicas.map((replica) => replica.quarantineMs));
  const quarantine = quarantineMs > 0 ? `, quarantine ${Math.ceil(quarantineMs / 1_000)} s` : '';
  const second = `${protocol}, ${writes} writes, bound ${stalenessMs} ms, beat ${beatMs} ms${quarantine}`;
  return [
    width > clock.length + 1 ? `${paint(left, 'strong')} ${clock}` : fit(clock, width),
    paint(fit(second, width).trimEnd(), quarantineMs > 0 ? 'warn' : 'dim'),
  ];
}

/** How the whole cluster answered: a bar of the tiers, and the same in figures. */
function totalsOf({ rates, lag }: View, width: number, paint: Paint): string[] {
  const shares = sharesOf(rates);
  const figures = `all: ${short(rates?.gets)} gets/s, ${short(rates?.writes)} writes/s, ${short(rates?.invalidationsApplied)} invalidations/s, lag ${short(lag?.p50)} ms p50, ${short(lag?.p99)} ms p99`;
  const lines = [paint(fit(figures, width).trimEnd(), 'strong')];
  if (shares === null) return [...lines, fit(`no reads in the last ${WINDOW_MS / 1_000} s`, width).trimEnd(), ''];
  const { l1, l2, origin, joined, bypassed, failed } = shares;
  const parts: readonly [string, number, string, Tone | undefined][] = [
    ['L1', l1, '#', 'good'],
    ['L2', l2, '=', undefined],
    ['joined', joined, '-', undefined],
    ['origin', origin, 'o', 'warn'],
    ['bypass', bypassed, 'b', 'warn'],
    ['failed', failed, '!', 'bad'],
  ];
  const inner = Math.max(0, width - 2);
  let begun = 0;
  let drawn = 0;
  const bar = parts.map(([, part, sign, tone]) => {
    begun += part;
    const end = Math.min(inner, Math.round(begun * inner));
    const piece = sign.repeat(Math.max(0, end - drawn));
    drawn = Math.max(drawn, end);
    return paint(piece, tone);
  });
  const legend = parts.map(([name, part, sign]) => `${sign} ${name} ${percent(part)}`).join('  ');
  return [...lines, `[${bar.join('')}${' '.repeat(inner - drawn)}]`, fit(legend, width).trimEnd()];
}

function eventLine({ at, who, kind, text, times }: WatchEvent, width: number, paint: Paint): string {
  const line = `${timeOf(at)}  ${fit(whoOf(who), 10)} ${text}${timesOf(times)}`;
  return paint(fit(line, width).trimEnd(), toneOf(kind, text));
}

function whoOf(who: readonly string[]): string {
  return who.length > 1 ? `${who[0]} +${who.length - 1}` : (who[0] ?? '');
}

function timesOf(times: number): string {
  return times > 1 ? ` (${times} times)` : '';
}

function toneOf(kind: WatchEvent['kind'], text: string): Tone | undefined {
  if (kind === 'gap' || kind === 'flush' || kind === 'epoch') return 'warn';
  if (kind === 'trouble' || text.startsWith('lapsed') || text.endsWith('silent')) return 'bad';
  return kind === 'joined' || text.startsWith('trusted') ? 'good' : undefined;
}
