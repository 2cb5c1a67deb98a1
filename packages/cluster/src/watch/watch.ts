import type { ReadStream, WriteStream } from 'node:tty';
import type { Cluster } from '../cluster.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { lineOf, render } from './render.ts';
import { Screen } from './screen.ts';

/** How often the screen is drawn, and how often a line is printed where there is none, ms. */
const FRAME_MS = 250;
const LINE_MS = 1_000;

export interface WatchOptions {
  readonly json: boolean;
  /** Ends by itself after this long; null: never. */
  readonly forMs: number | null;
}

/**
 * Shows a running cluster until the user ends it, the time is over or the cluster ends, which is an error: on a
 * terminal as a screen, else as a line a second.
 */
export async function watch(cluster: Pick<Cluster, 'url' | 'status'>, { json, forMs }: WatchOptions): Promise<void> {
  const end = new AbortController();
  const stop = () => end.abort(new Error('the view was ended'));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  // Whoever read us may have gone, as `head -1` does: nobody is left to show anything to.
  process.stdout.once('error', stop);
  const timer = forMs === null ? undefined : setTimeout(stop, forMs);
  const watched = new ClusterWatch(cluster);
  const hide = isScreen(json) ? onScreen(watched, stop) : asLines(watched, json);
  try {
    // A launcher that takes its time to answer must not hold up the end.
    await Promise.race([watched.run(end.signal), new Promise((ended) => end.signal.addEventListener('abort', ended))]);
  } finally {
    stop();
    hide();
    clearTimeout(timer);
  }
}

function isScreen(json: boolean): boolean {
  return !json && process.stdout.isTTY === true && process.env.TERM !== 'dumb';
}

function onScreen(watched: ClusterWatch, stop: () => void): () => void {
  const coloured = (process.env.NO_COLOR ?? '') === '';
  const screen = new Screen(process.stdout as WriteStream, process.stdin as ReadStream, stop);
  const draw = () => {
    const view = watched.view();
    if (view !== null) screen.draw(render(view, screen.size, coloured));
  };
  const timer = setInterval(draw, FRAME_MS);
  process.stdout.on('resize', draw);
  return () => {
    clearInterval(timer);
    process.stdout.off('resize', draw);
    screen.close();
  };
}

function asLines(watched: ClusterWatch, json: boolean): () => void {
  const timer = setInterval(() => {
    const view = watched.view();
    if (view === null) return;
    const fresh = watched.takeFresh();
    const { at, ...shown } = view;
    const time = new Date(at).toISOString();
    process.stdout.write(`${json ? JSON.stringify({ at: time, ...shown, events: fresh }) : lineOf(view, fresh)}\n`);
  }, LINE_MS);
  return () => clearInterval(timer);
}
