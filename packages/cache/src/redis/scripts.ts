import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Every transition of a partition is one of these scripts; each file is headed with its keys, arguments and answer. */
const SCRIPT_NAMES = [
  'acks',
  'beat',
  'bless',
  'clock',
  'fill',
  'invalidate',
  'lease',
  'mark',
  'probe',
  'prove',
  'read',
  'release',
  'renew',
  'set',
  'unmark',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

export interface Script {
  readonly text: string;
  readonly sha: string;
}

const folder = new URL('./scripts/', import.meta.url);

function source(name: string): string {
  return readFileSync(new URL(`${name}.lua`, folder), 'utf8');
}

/** Resolves `--@include name` lines; the shebang stays the first line, as Redis demands. */
function assemble(name: ScriptName): Script {
  const text = source(name).replace(/^--@include (\S+)$/gm, (_, included: string) => source(included));
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export const SCRIPTS: Readonly<Record<ScriptName, Script>> = Object.fromEntries(
  SCRIPT_NAMES.map((name) => [name, assemble(name)]),
) as Record<ScriptName, Script>;
