/** Every error of the load test has a stable `code`; what happened, what was expected and what to do is in its message. */
export type LoadtestErrorCode =
  /** Nothing answers where the cluster should be. */
  | 'E_LOADTEST_NOTHING'
  /** There is neither k6 nor a container engine that could run it, or it is too old. */
  | 'E_LOADTEST_NO_K6'
  /** k6 ended without figures. */
  | 'E_LOADTEST_K6'
  /** The container engine did not do what it was told. */
  | 'E_LOADTEST_COMPOSE';

export class LoadtestError extends Error {
  readonly code: LoadtestErrorCode;

  constructor(code: LoadtestErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LoadtestError';
    this.code = code;
  }
}
