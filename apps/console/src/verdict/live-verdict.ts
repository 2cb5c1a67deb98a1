import { judge, type Operation } from '@lockstep/history';
import { formatCount, formatMs, plural } from '../observe/words.ts';
import type { Verdict, Violation } from '../shared/state.ts';
import { LiveJudge, type LiveViolation } from './live-judge.ts';

/** Violations that are shown with their witness; the others are counted. */
const SHOWN = 12;
/** How long before the older of the two operations a trace begins, ms. */
const TRACE_BEFORE_MS = 5;

export interface LiveVerdictOptions {
  readonly boundMs: number;
  /** What everybody said of a key between two times. */
  readonly trace: (key: string, from: number, to: number) => string[];
  /** Called with each violation that is shown. */
  readonly violated: (violation: Violation) => void;
}

/** The verdict over everything since it was last begun, in words and with its proof. */
export class LiveVerdict {
  readonly #options: LiveVerdictOptions;
  #judge: LiveJudge;
  #boundMs: number;
  #held = false;
  #violations: Violation[] = [];
  #canary: Verdict['canary'] = { last: null, noticed: null };

  constructor(options: LiveVerdictOptions) {
    this.#options = options;
    this.#boundMs = options.boundMs;
    this.#judge = this.#newJudge();
  }

  get judge(): LiveJudge {
    return this.#judge;
  }

  get boundMs(): number {
    return this.#boundMs;
  }

  add(operation: Operation): void {
    if (!this.#held) this.#judge.add(operation);
  }

  /** Something that should have been judged was not: it counts as unknown. */
  unjudged(): void {
    if (!this.#held) this.#judge.unjudged();
  }

  committed(key: string, version: number, begun: number, at: number): void {
    if (!this.#held) this.#judge.committed(key, version, begun, at);
  }

  /** Nothing is judged from now until `reset`: half of the replicas speak another protocol, which promises nothing. */
  hold(): void {
    this.reset();
    this.#held = true;
  }

  /** Begins anew, as when the replicas speak another protocol: what one did must not be held against the other. */
  reset(boundMs = this.#boundMs): void {
    this.#boundMs = boundMs;
    this.#held = false;
    this.#violations = [];
    this.#judge = this.#newJudge();
  }

  canary(last: number, noticed: boolean): void {
    this.#canary = { last, noticed };
  }

  view(): Verdict {
    const { reads, writes, unknown, atRisk, worstStalenessMs, levels } = this.#judge.totals;
    const count = levels.bounded.violations + levels.session.violations + levels.strong.violations;
    const outcome = count > 0 ? 'violated' : atRisk === 0 ? 'unknown' : 'held';
    const parts = [
      plural(reads, 'read'),
      `worst staleness ${formatMs(worstStalenessMs)}`,
      `bound ${formatMs(this.#boundMs)}`,
      plural(count, 'violation'),
    ];
    if (unknown > 0) parts.push(`${formatCount(unknown)} unknown`);
    if (this.#held) parts.push('not judged while the replicas change their protocol');
    else if (outcome === 'unknown') parts.push('nothing was read yet that could have been wrong');
    return {
      outcome,
      words: parts.join(', '),
      reads,
      writes,
      unknown,
      worstStalenessMs,
      boundMs: this.#boundMs,
      levels: structuredClone(levels),
      violations: [...this.#violations],
      nines: ninesOf(atRisk, count),
      canary: this.#canary,
    };
  }

  #newJudge(): LiveJudge {
    return new LiveJudge({ boundMs: this.#boundMs, violated: (violation) => this.#violated(violation) });
  }

  #violated(violation: LiveViolation): void {
    if (this.#violations.length >= SHOWN) return;
    const { level, read, against } = violation;
    const trace = this.#options.trace(read.key, against.start - TRACE_BEFORE_MS, read.end);
    const shown = { level, words: wordsOf(violation, this.#boundMs), witness: [{ ...read }, { ...against }], trace };
    this.#violations.push(shown);
    this.#options.violated(shown);
  }
}

/** The two operations are a history of their own, of which `judge` says in its words what is wrong. */
function wordsOf({ kind, read, against, level }: LiveViolation, boundMs: number): string {
  const { violations } = judge([against, read], { boundMs });
  return violations.find((one) => one.kind === kind)?.text ?? `${read.key}: ${kind} at level ${level}`;
}

/**
 * How often it held, and no more than was seen: from n reads without a violation follows, with 95 % confidence, a rate
 * below 3/n (the rule of three), not a rate of zero.
 */
export function ninesOf(atRisk: number, violations: number): string {
  if (atRisk === 0) return 'unknown: nothing was at risk';
  if (violations > 0) {
    const part = ((1 - Math.min(1, violations / atRisk)) * 100).toLocaleString('en-US', { maximumFractionDigits: 4 });
    return `${part} % of ${formatCount(atRisk)} reads at risk held`;
  }
  const floor = Math.max(0, 1 - 3 / atRisk);
  const nines = floor <= 0 ? 0 : Math.floor(-Math.log10(1 - floor) + 1e-9);
  const part =
    nines >= 2 ? `${(Math.floor(floor * 10 ** nines) / 10 ** (nines - 2)).toFixed(Math.max(0, nines - 2))} %` : null;
  const rate = `fewer than 1 in ${formatCount(Math.max(1, Math.floor(atRisk / 3)))} wrong, with 95 % confidence`;
  return part === null ? rate : `at least ${part}: ${rate}`;
}
