import { setTimeout as passed } from 'node:timers/promises';

/** When a fault happens in the midst of a load, ms from now: the time is the fault's, and nothing is waited for. */
export function after(ms: number): Promise<void> {
  return passed(ms);
}

/** Stops a process, its memory and connections as they are, for so long. */
export async function suspend(pid: number, ms: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  try {
    await after(ms);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
