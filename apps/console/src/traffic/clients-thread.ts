/** The thread in which the customers are: obeys orders, and tells what it saw in batches, by the clock of who started it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Batch, ThreadOrder, ThreadSettings } from './clients.ts';
import { clockBase } from './clock-base.ts';
import { Generator } from './generator.ts';
import { Packer } from './packed.ts';

/** How often it is told what has ended, ms: two times for each time that pages are told. */
const BATCH_MS = 100;

const settings = workerData as ThreadSettings;
const shift = clockBase() - settings.clockBase;
const packer = new Packer();
let told = performance.now();

const generator = new Generator({ ...settings, ended: (ended) => packer.add(ended, shift) });

function tell(): void {
  const { user, system } = process.threadCpuUsage();
  const until = performance.now() + shift;
  const ended = packer.take();
  const batch: Batch = { ended, until, counts: generator.takeCounts(), cpuUs: user + system };
  parentPort?.postMessage(batch, [ended.rows.buffer]);
}

/** One timer for both: each time that a thread wakes costs as much as some requests. */
function turn(): void {
  const next = generator.tick();
  const now = performance.now();
  if (now - told >= BATCH_MS) {
    told = now;
    tell();
  }
  setTimeout(turn, Math.min(next, told + BATCH_MS - now));
}

parentPort?.on('message', (order: ThreadOrder) => {
  if ('set' in order) generator.set(order.set);
  else generator.begin(order.begin);
});
turn();
