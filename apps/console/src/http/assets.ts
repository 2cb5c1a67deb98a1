import { readFileSync, statSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file as the browser gets it. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

/** A script in TypeScript is one in JavaScript once its types are gone: there is no build. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};
/** No part of a path begins with a dot, so none leads out of its folder. */
const PATH = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;

const SOURCE = join(import.meta.dirname, '..');

/** Where the browser's paths lead. `/shared` lies beside `/assets` as `src/shared` beside `src/page`: imports stay right. */
const FOLDERS: Readonly<Record<string, () => string>> = {
  assets: () => join(SOURCE, 'page'),
  shared: () => join(SOURCE, 'shared'),
  'vendor/uplot': () => dirname(fileURLToPath(import.meta.resolve('uplot'))),
};

/** The page's files, read again when they have changed. */
export class Assets {
  readonly #kept = new Map<string, Asset & { readonly changed: number }>();

  /** Null for what is not there, or not for browsers. */
  get(path: string): Asset | null {
    for (const [prefix, folder] of Object.entries(FOLDERS)) {
      if (!path.startsWith(`/${prefix}/`)) continue;
      const rest = path.slice(prefix.length + 2);
      return PATH.test(rest) && !rest.endsWith('.test.ts') ? this.#read(join(folder(), rest)) : null;
    }
    return null;
  }

  /** The page itself; its token lets it, and no other site's page, give orders. */
  page(token: string): Asset | null {
    const asset = this.get('/assets/index.html');
    return asset && { type: asset.type, body: Buffer.from(String(asset.body).replaceAll('{{token}}', token)) };
  }

  #read(file: string): Asset | null {
    const type = TYPES[extname(file)];
    const found = statSync(file, { throwIfNoEntry: false });
    if (type === undefined || !found?.isFile()) return null;
    const kept = this.#kept.get(file);
    if (kept?.changed === found.mtimeMs) return kept;
    const text = readFileSync(file);
    const body = file.endsWith('.ts') ? Buffer.from(stripTypeScriptTypes(String(text))) : text;
    const asset = { type, body, changed: found.mtimeMs };
    this.#kept.set(file, asset);
    return asset;
  }
}
