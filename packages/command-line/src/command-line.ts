import { parseArgs } from 'node:util';

/** Every problem of a command line, a line each. */
export class UsageError extends Error {
  readonly code = 'E_USAGE';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
    this.problems = problems;
  }

  /** What a program of this name says to its user: each problem in a line, then how it is used. */
  told(program: string, usage: string): string {
    return `${this.problems.map((problem) => `${program}: ${problem}\n`).join('')}\n${usage}`;
  }
}

/** The names of the options, without dashes. */
export interface Form<Flag extends string, Value extends string> {
  readonly flags: readonly Flag[];
  /** Options with a value. */
  readonly values: readonly Value[];
  /** Of those, the ones that may be given more than once. */
  readonly repeated?: readonly NoInfer<Value>[];
  /** Operands are taken; otherwise each is a problem. */
  readonly operands?: boolean;
}

/** An option as it was given: `json`, `--json`. */
export interface Option {
  readonly name: string;
  readonly rawName: string;
}

/** A command line taken apart. It collects what is wrong instead of stopping at the first, as `parseArgs` by itself would. */
export class CommandLine<Flag extends string, Value extends string> {
  readonly operands: readonly string[];
  /** What is wrong, in words for the user; whoever reads the line adds what only he can see. */
  readonly problems: string[] = [];
  /** The options that are in it, as often as they are and in their order, also those whose value is wrong. */
  readonly given: readonly Option[];
  readonly #form: Form<Flag, Value>;
  readonly #flags = new Set<string>();
  readonly #values = new Map<string, string[]>();

  constructor(argv: readonly string[], form: Form<Flag, Value>) {
    this.#form = form;
    const options = {
      ...Object.fromEntries(form.flags.map((name) => [name, { type: 'boolean' as const }])),
      ...Object.fromEntries(form.values.map((name) => [name, { type: 'string' as const }])),
    };
    const { tokens } = parseArgs({ args: [...argv], strict: false, tokens: true, allowPositionals: true, options });
    this.operands = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
    this.given = tokens.filter((token) => token.kind === 'option').filter(({ name }) => Object.hasOwn(options, name));
    for (const token of tokens) {
      if (token.kind === 'option') this.#take(token);
      else if (token.kind === 'positional' && form.operands !== true) {
        this.problems.push(`${token.value} is no option; only options are taken`);
      }
    }
  }

  flag(name: Flag): boolean {
    return this.#flags.has(name);
  }

  value(name: Value): string | null {
    return this.#values.get(name)?.[0] ?? null;
  }

  values(name: Value): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Null if it is not given, or not between these: then that is a problem. */
  whole(name: Value, least: number, most: number): number | null {
    return this.wholeOf(`--${name}`, this.value(name), least, most);
  }

  /** As `whole`, of an operand that is called so. */
  wholeOf(called: string, text: string | null, least: number, most: number): number | null {
    return this.#between({ called, text, kind: 'whole number', form: /^\d{1,15}$/ }, least, most);
  }

  /** As `whole`, with a fraction. */
  number(name: Value, least: number, most: number): number | null {
    const [called, text] = [`--${name}`, this.value(name)];
    return this.#between({ called, text, kind: 'number', form: /^\d+(\.\d+)?$|^\.\d+$/ }, least, most);
  }

  /** One of these, of which the first stands for no other: if it is none of them, that is a problem. */
  choice<Choice extends string>(name: Value, choices: readonly [Choice, ...Choice[]]): Choice {
    const text = this.value(name);
    const chosen = choices.find((choice) => choice === text);
    if (text !== null && chosen === undefined)
      this.problems.push(`--${name} is "${text}"; it is ${choices.join(' or ')}`);
    return chosen ?? choices[0];
  }

  /** Throws a `UsageError` if there is a problem. */
  check(): void {
    if (this.problems.length > 0) throw new UsageError(this.problems);
  }

  #between({ called, text, kind, form }: NumberGiven, least: number, most: number): number | null {
    if (text === null) return null;
    const value = form.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.problems.push(`${called} is "${text}"; it is a ${kind} from ${least} to ${most}`);
    return null;
  }

  #take({ name, rawName, value, inlineValue }: OptionGiven): void {
    const isFlag = this.#form.flags.some((flag) => flag === name);
    const isValue = this.#form.values.some((valued) => valued === name);
    const before = this.#values.get(name) ?? [];
    const mayRepeat = this.#form.repeated?.some((repeated) => repeated === name) === true;
    // `--row --json` is a forgotten value.
    const missing = !value || (inlineValue === false && value.startsWith('--'));
    if (isFlag && this.#flags.has(name)) this.problems.push(`${rawName} is given twice`);
    else if (isFlag && value === undefined) this.#flags.add(name);
    else if (isFlag) this.problems.push(`${rawName} takes no value`);
    else if (!isValue) this.problems.push(`there is no option ${rawName}`);
    else if (missing) this.problems.push(`${rawName} needs a value`);
    else if (before.length > 0 && !mayRepeat) this.problems.push(`${rawName} is given twice`);
    else this.#values.set(name, [...before, value]);
  }
}

interface NumberGiven {
  readonly called: string;
  readonly text: string | null;
  readonly kind: string;
  readonly form: RegExp;
}

interface OptionGiven extends Option {
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}
