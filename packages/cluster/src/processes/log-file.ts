import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { LOG_BYTES, LOG_KEEP_BYTES, LOG_REPORT_BYTES, LOG_REPORT_LINES } from '../limits.ts';

/**
 * What one member writes, in a file that children append to by themselves: they neither wait for the launcher's event
 * loop nor notice its end. The file is cut to its end when it is over the limit; appending writers go on after the cut.
 */
export class LogFile {
  readonly path: string;
  readonly #fd: number;
  readonly #limitBytes: number;
  readonly #keepBytes: number;
  #shown = 0;
  #half = '';

  constructor(path: string, limitBytes = LOG_BYTES, keepBytes = LOG_KEEP_BYTES) {
    this.path = path;
    this.#fd = openSync(path, 'a+', 0o600);
    this.#limitBytes = limitBytes;
    this.#keepBytes = keepBytes;
  }

  /** To be given to a child as its standard output and error. */
  get fd(): number {
    return this.#fd;
  }

  /** The last lines, for a report. */
  end(): string {
    const lines = this.#read(Math.max(0, this.#size() - LOG_REPORT_BYTES), LOG_REPORT_BYTES)
      .trimEnd()
      .split('\n');
    return lines.slice(-LOG_REPORT_LINES).join('\n');
  }

  /** The whole lines that were written since the last call, at most what is kept. */
  news(): string[] {
    const size = this.#size();
    const from = Math.max(this.#shown, size - this.#keepBytes);
    const lines = (this.#half + this.#read(from, size - from)).split('\n');
    this.#shown = size;
    // A line without an end is finished by the next look, unless it is longer than what is kept.
    this.#half = (lines.pop() ?? '').slice(-this.#keepBytes);
    return lines;
  }

  /** Drops all but the end when the file is over its limit. A line written in this very moment may be dropped too. */
  cap(): void {
    const size = this.#size();
    if (size <= this.#limitBytes) return;
    const end = this.#read(size - this.#keepBytes, this.#keepBytes);
    ftruncateSync(this.#fd, 0);
    writeSync(this.#fd, `[${size - this.#keepBytes} bytes dropped]\n${end.slice(end.indexOf('\n') + 1)}`);
    this.#shown = this.#size();
  }

  close(): void {
    closeSync(this.#fd);
  }

  #size(): number {
    return fstatSync(this.#fd).size;
  }

  #read(from: number, length: number): string {
    const bytes = Buffer.alloc(Math.max(0, length));
    return bytes.subarray(0, readSync(this.#fd, bytes, 0, bytes.length, from)).toString('utf8');
  }
}
