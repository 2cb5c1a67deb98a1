/** Something that was asked for and is not done; the message says why, for people. */
export class Refusal extends Error {
  readonly code = 'E_CONSOLE_REFUSED';
  readonly status: number;

  /** `status` is the HTTP status of the answer. */
  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
  }
}
