/** The program behind `Offer`: offers traffic to a port as it is told over IPC, and tells what became of it. */
import { judge } from '@lockstep/history';
import { Connection, type RawAnswer } from '@lockstep/traffic/connection';
import { seeded } from '@lockstep/traffic/random';
import { type Order, PATIENCE_MS, type Phase, type PhaseSeen, type Seen } from './offer.ts';
import { type Request, Traffic } from './traffic.ts';

/** How often what is due is sent, ms. */
const TICK_MS = 1;
/** A longer pause between two ticks, ms, and this program has stood still. */
const STILL_MS = 200;
const US_PER_MS = 1_000;

type Kept = { -readonly [name in keyof Seen]: Seen[name] };

interface Second {
  readonly seen: Kept;
  readonly latencies: number[];
}

interface InFlight {
  readonly sent: number;
  readonly connection: Connection;
}

/** One phase: sends what is due, notes what became of it under the second in which it was due. */
class Offering {
  readonly #phase: Phase;
  readonly #port: number;
  readonly #traffic: Traffic;
  readonly #since = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #seconds: Second[] = [];
  readonly #wrongs: Record<string, number> = {};
  readonly #idle: Connection[] = [];
  /** In the order in which they were sent: those that wait longest come first. */
  readonly #inFlight = new Set<InFlight>();
  readonly #over = Promise.withResolvers<void>();
  #ticked = this.#since;
  /** How long this program has stood still so far, ms. */
  #still = 0;
  #open = 0;
  #offered = 0;

  constructor(port: number, traffic: Traffic, phase: Phase) {
    this.#port = port;
    this.#traffic = traffic;
    this.#phase = phase;
  }

  async run(): Promise<PhaseSeen> {
    const timer = setInterval(() => this.#tick(), TICK_MS);
    await this.#over.promise;
    clearInterval(timer);
    for (const connection of this.#idle) connection.close();
    const { user, system } = process.cpuUsage(this.#cpu);
    const cpu = (user + system) / US_PER_MS / (performance.now() - this.#since);
    const all = newSeen();
    for (const { seen } of this.#seconds) {
      for (const name of ['offered', 'good', 'shed', 'late', 'wrong', 'unsent'] as const) all[name] += seen[name];
    }
    all.lag = Math.max(...this.#seconds.map(({ seen }) => seen.lag));
    const seconds = this.#seconds.map(({ seen, latencies }) => ({ ...seen, ...quantiles(latencies) }));
    const latencies = this.#seconds.flatMap((second) => second.latencies);
    return { ...all, ...quantiles(latencies), seconds, wrongs: this.#wrongs, cpu };
  }

  #tick(): void {
    const now = performance.now();
    for (const flight of this.#inFlight) {
      if (now - flight.sent < PATIENCE_MS) break;
      flight.connection.close();
    }
    const { perSecond, ms, connections } = this.#phase;
    const elapsed = now - this.#since;
    // What was due meanwhile is not made up for: thousands at once are another experiment, with no connection for most.
    if (now - this.#ticked > STILL_MS) this.#still += now - this.#ticked;
    this.#ticked = now;
    if (elapsed >= ms) {
      if (this.#inFlight.size === 0) this.#over.resolve();
    } else if (perSecond === null) {
      while (this.#inFlight.size < connections) this.#send(now);
    } else {
      for (const due = ((elapsed - this.#still) * perSecond) / 1_000; this.#offered < due; ) {
        this.#send(this.#since + this.#still + (this.#offered * 1_000) / perSecond);
      }
    }
  }

  /** A request that was due at this time. What it waited for this program is `lag`, and no fault of the cluster. */
  #send(due: number): void {
    this.#offered++;
    const { seen, latencies } = this.#second(due);
    seen.offered++;
    const connection = this.#idle.pop() ?? this.#connect();
    if (connection === null) {
      seen.unsent++;
      return;
    }
    const request = this.#traffic.next();
    const sent = performance.now();
    seen.lag = Math.max(seen.lag, sent - due);
    const flight = { sent, connection };
    this.#inFlight.add(flight);
    connection.ask(request.bytes, (answer) => {
      this.#inFlight.delete(flight);
      const end = performance.now();
      const fate = this.#judge(request, sent, end, answer);
      seen[fate]++;
      if (fate === 'good') latencies.push(end - sent);
      if (answer === null) return;
      // An answer may say that it was the last one on its connection.
      if (connection.open) this.#idle.push(connection);
      if (this.#phase.perSecond === null && end - this.#since < this.#phase.ms) this.#send(end);
    });
  }

  #judge(request: Request, sent: number, end: number, answer: RawAnswer | null): 'good' | 'shed' | 'late' | 'wrong' {
    const fate = request.answered(sent, end, answer);
    if ((answer === null || fate === 'good') && end - sent >= PATIENCE_MS) return 'late';
    if (fate === 'wrong') {
      const what = answer === null ? '0' : `${answer.status} ${/"code":"(\w+)"/.exec(String(answer.body))?.[1] ?? ''}`;
      this.#wrongs[what] = (this.#wrongs[what] ?? 0) + 1;
    }
    return fate;
  }

  #connect(): Connection | null {
    if (this.#open >= this.#phase.connections) return null;
    this.#open++;
    const connection: Connection = new Connection('127.0.0.1', this.#port, () => {
      this.#open--;
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return connection;
  }

  #second(due: number): Second {
    const index = Math.max(0, Math.floor((due - this.#since) / 1_000));
    // Also those in which nothing was due, as all of us may have stood still for longer.
    while (this.#seconds.length <= index) this.#seconds.push({ seen: newSeen(), latencies: [] });
    return this.#seconds[index] as Second;
  }
}

function newSeen(): Kept {
  return { offered: 0, good: 0, shed: 0, late: 0, wrong: 0, unsent: 0, lag: 0, p50: 0, p99: 0 };
}

function quantiles(latencies: number[]): { p50: number; p99: number } {
  latencies.sort((a, b) => a - b);
  const at = (part: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

const [port, seed, lists] = process.argv.slice(2).map(Number) as [number, number, number];
const traffic = new Traffic(port, seeded(seed), lists);

process.on('message', async (order: Order) => {
  if (order.do === 'judge') process.send?.(judge(traffic.history, { boundMs: order.boundMs, initial: 1 }));
  else process.send?.(await new Offering(port, traffic, order.phase).run());
});
process.on('disconnect', () => process.exit(0));
