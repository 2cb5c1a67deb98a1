/** The history is malformed: `problems` names the first of them. Nothing has been judged. */
export class HistoryError extends Error {
  readonly code = 'E_HISTORY_OPERATION';
  readonly problems: readonly string[];

  constructor(count: number, problems: readonly string[]) {
    const more = count > problems.length ? `\n  and ${count - problems.length} more` : '';
    super(`${count} operations cannot be judged:\n${problems.map((p) => `  - ${p}`).join('\n')}${more}`);
    this.name = 'HistoryError';
    this.problems = problems;
  }
}
