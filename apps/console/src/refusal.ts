/**
 * `E_CONSOLE_CHANGING`: not while the replicas change their protocol, and later the same may be asked again. Whatever else
 * is refused is `E_CONSOLE_REFUSED`.
 */
export type RefusalCode = 'E_CONSOLE_REFUSED' | 'E_CONSOLE_CHANGING';

/** Something that was asked for and is not done; the message says why, for people. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly status: number;

  /** `status` is the HTTP status of the answer. */
  constructor(status: number, message: string, code: RefusalCode = 'E_CONSOLE_REFUSED') {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
  }
}
