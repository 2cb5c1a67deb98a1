import { availableParallelism, cpus, loadavg } from 'node:os';

/** Where a run took place: without it no absolute figure means anything. */
export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted to run in the last minute, when the run began: above zero somebody else was at work. */
  readonly loadBefore: number;
}

export function machine(): Machine {
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model.trim() ?? 'unknown',
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}
