/** Operations on versioned keys, and what a history of them proves. Pure: no Node API, no clock, no order of input. */
export { HistoryError } from './errors.ts';
export type { Level, Operation, Outcome } from './operation.ts';
export { type JudgeOptions, judge, type LevelVerdict, type Verdict, VIOLATIONS_KEPT } from './verdict.ts';
export type { Violation, ViolationKind } from './violation.ts';
