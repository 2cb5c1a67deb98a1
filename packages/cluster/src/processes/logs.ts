import { join } from 'node:path';
import { LOG_CHECK_MS, LOG_SHOW_MS } from '../limits.ts';
import { LogFile } from './log-file.ts';

/** Where lines go that are shown while they are written. */
export type ShowLine = (name: string, line: string) => void;

/** The logs of a cluster: one file per member, kept bounded, and shown line by line when asked to. */
export class Logs {
  readonly #folder: string;
  readonly #show: ShowLine | null;
  readonly #files = new Map<string, LogFile>();
  readonly #timer: NodeJS.Timeout;

  constructor(folder: string, show: ShowLine | null) {
    this.#folder = folder;
    this.#show = show;
    this.#timer = setInterval(() => this.#look(), show === null ? LOG_CHECK_MS : LOG_SHOW_MS);
    // Looking after logs is no reason to stay.
    this.#timer.unref();
  }

  /** The log of a member, or of one of its parts; the same file whenever it is asked for. */
  file(name: string): LogFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = new LogFile(join(this.#folder, `${name}.log`));
      this.#files.set(name, file);
    }
    return file;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#look();
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  #look(): void {
    for (const [name, file] of this.#files) {
      if (this.#show !== null) for (const line of file.news()) this.#show(name, line);
      file.cap();
    }
  }
}
