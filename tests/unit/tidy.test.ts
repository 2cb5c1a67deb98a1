/**
 * The rules of ARCHITECTURE.md that a machine can check, over every file that git knows or would add. Each rule is a
 * function from a file to what is wrong with it, and is shown to find a breach before it is trusted with the tree.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const ROOT = join(import.meta.dirname, '../..');
const LINES_MOST = 320;

/** Which of our packages a folder may import; nothing imports apps. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'packages/cache/src': [],
  'packages/history/src': [],
  'packages/traffic/src': [],
  'packages/cluster/src': ['command-line'],
  'packages/command-line/src': [],
  'packages/model/src': ['cache', 'command-line'],
  'packages/simulation/src': ['cache', 'command-line', 'history', 'model', 'traffic'],
  'apps/api/src': ['cache'],
  'apps/console/src': ['cluster', 'history', 'traffic'],
};

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  .toString()
  .split('\n')
  .filter((path) => /\.(ts|lua|sql|md|json|conf|sh)$|^\.ci\//.test(path) && existsSync(join(ROOT, path)))
  .filter((path) => path !== 'package-lock.json' && path !== 'tests/unit/tidy.test.ts')
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

const imports = (text: string) =>
  [...text.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)].map((m) => m[1] ?? m[2] ?? '');
const typeImports = (text: string) =>
  [...text.matchAll(/^import type [^;]*? from '([^']+)'/gms)].map((m) => m[1] ?? '');

/** Rule 1: the core is sans-IO; of other folders it knows types only. */
function impureCore({ path, text }: SourceFile): string[] {
  if (!path.startsWith('packages/cache/src/core/') || path.endsWith('.test.ts')) return [];
  const outside = imports(text).filter((from) => !from.startsWith('./') && !typeImports(text).includes(from));
  const ambient = text.match(
    /\b(setTimeout|setInterval|queueMicrotask|performance|Date\.now|new Date|Math\.random|process|fetch)\b\(?/g,
  );
  // In a comment they may stand.
  const used = (ambient ?? []).filter((word) => uncommented(text).includes(word));
  return [...outside.map((from) => `imports ${from}`), ...used.map((word) => `uses ${word}`)];
}

/** Rule 2: a file is read in one sitting. */
function tooLong({ path, text }: SourceFile): string[] {
  const lines = text.split('\n').length;
  return /\.(ts|lua)$/.test(path) && lines > LINES_MOST ? [`has ${lines} lines, at most ${LINES_MOST}`] : [];
}

/** Rule 3: dependencies point down. */
function wrongWay({ path, text }: SourceFile): string[] {
  const found = imports(text).flatMap((from) => /^@lockstep\/([a-z-]+)/.exec(from)?.[1] ?? []);
  const folder = Object.keys(MAY_IMPORT).find((prefix) => path.startsWith(`${prefix}/`));
  const allowed = folder === undefined ? null : MAY_IMPORT[folder];
  return found.filter((name) => name === 'api' || allowed?.includes(name) === false).map((name) => `imports ${name}`);
}

/** Rule 6: one monotonic clock; the wall clock is for labels. */
function wallClock({ path, text }: SourceFile): string[] {
  // The textbook cache does as textbooks do: it stores the time of day.
  const judged = path.startsWith('packages/cache/src/') && !/\.test\.ts$|\/naive/.test(path);
  return judged && /\bDate\.now\(/.test(uncommented(text)) ? ['reads the wall clock'] : [];
}

/** Rule 6: a test waits for what it waits for, not for a while. */
function sleepingTest({ path, text }: SourceFile): string[] {
  if (!path.endsWith('.test.ts')) return [];
  return /await (sleep|delay)\(|timers\/promises/.test(text) ? ['sleeps'] : [];
}

/** Rule 9: no metrics library in the cache. */
function metricsInCache({ path, text }: SourceFile): string[] {
  return path.startsWith('packages/cache/') && imports(text).includes('prom-client') ? ['imports prom-client'] : [];
}

/** A script says what it takes and answers, and is one that a primary without its replicas refuses. */
function headlessScript({ path, text }: SourceFile): string[] {
  if (!path.endsWith('.lua') || /-words\.lua$|\/prologue\.lua$/.test(path)) return [];
  const wrong = ['KEYS[1]', 'ARGV[1', 'Returns ', '--@include prologue'].filter((words) => !text.includes(words));
  if (!/^#!lua( flags=allow-oom)?\n/.test(text)) wrong.push('a shebang without no-writes');
  return wrong.map((words) => `lacks ${words}`);
}

/** The project speaks only of itself. */
function foreignWords({ path, text }: SourceFile): string[] {
  if (path.startsWith('.ci/')) return [];
  return [
    /\/work\/\w+/,
    /\.\.\/shared\/(?![\w-]+\.ts)/,
    /\bregistry\.npmjs\b/,
    /\bdeb\.debian\.org\b/,
    /\bTODO\b|\bFIXME\b|\bXXX\b/,
  ].flatMap((words) => words.exec(text)?.[0] ?? []);
}

/** Relative links of a document lead somewhere. */
function deadLinks({ path, text }: SourceFile): string[] {
  if (!path.endsWith('.md')) return [];
  const links = [...text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)|src="([^"]+)"/g)].map((m) => m[1] ?? m[3] ?? '');
  return links
    .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
    .filter((link) => !existsSync(join(ROOT, normalize(join(dirname(path), link)))))
    .map((link) => `links to ${link}, which is not there`);
}

function uncommented(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}

const BREACHES: readonly [string, (file: SourceFile) => string[], SourceFile][] = [
  [
    'the core is sans-IO',
    impureCore,
    { path: 'packages/cache/src/core/x.ts', text: "import { Redis } from 'ioredis';" },
  ],
  [
    'the core has no clock',
    impureCore,
    { path: 'packages/cache/src/core/x.ts', text: 'const at = performance.now();' },
  ],
  ['files are short', tooLong, { path: 'a.ts', text: '\n'.repeat(LINES_MOST + 1) }],
  [
    'dependencies point down',
    wrongWay,
    { path: 'packages/cache/src/x.ts', text: "import '@lockstep/x' from '@lockstep/cluster'" },
  ],
  ['nothing imports apps', wrongWay, { path: 'tests/x.ts', text: "import { x } from '@lockstep/api';" }],
  ['time is monotonic', wallClock, { path: 'packages/cache/src/x.ts', text: 'Date.now()' }],
  ['tests do not sleep', sleepingTest, { path: 'x.test.ts', text: 'await sleep(5)' }],
  [
    'the cache has no metrics library',
    metricsInCache,
    { path: 'packages/cache/src/x.ts', text: "import x from 'prom-client'" },
  ],
  ['scripts are headed', headlessScript, { path: 'x.lua', text: '#!lua flags=no-writes\nreturn 1' }],
  ['we speak of ourselves', foreignWords, { path: 'a.md', text: 'see ../shared/design' }],
  ['links lead somewhere', deadLinks, { path: 'README.md', text: '[x](no/such.md)' }],
];

describe.each(BREACHES)('%s', (_name, rule, breach) => {
  test('a breach is found', () => {
    expect(rule(breach)).not.toEqual([]);
  });

  test('and there is none', () => {
    expect(files.flatMap((file) => rule(file).map((wrong) => `${file.path} ${wrong}`))).toEqual([]);
  });
});

test('the rules have files to judge', () => {
  expect(files.filter(({ path }) => path.startsWith('packages/cache/src/core/')).length).toBeGreaterThan(5);
  expect(files.some(({ path }) => path.endsWith('.lua'))).toBe(true);
});

test('documents say the same as the code: every limit of the environment, every error code', () => {
  const http = readFileSync(join(ROOT, 'docs/HTTP.md'), 'utf8');
  const codes = files
    .filter(({ path }) => path.startsWith('apps/api/src/') || path.startsWith('infra/nginx/'))
    .flatMap(({ text }) => [...text.matchAll(/"?code"?: ?["']([a-z_]+)["']/g)].map((m) => m[1] ?? ''));
  expect([...new Set(codes)].filter((code) => !http.includes(`\`${code}\``)).sort()).toEqual([]);
});
