/**
 * Finds OpenAI's SDK where an application imports it as ES modules. OpenTelemetry's module hooks see them only beneath a
 * loader hook, and that has to be set before the application's first import.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { errorOrigin } from 'opentelemetry-instrumentation-bedrock/recording';
import { applicationFolders } from '../common/application-folders.js';
import { warn } from '../common/warn.js';

/** The module that defines the class: the index in version 4, and the client from version 5 on. */
const MODULE = /\/node_modules\/openai\/(?:client|index)\.mjs$/;

const HANDED_OVER = Symbol.for('opentelemetry-instrumentation-bedrock.sdks.v1');

/**
 * Added to the module. It hands the class over to the instrumentation, like the statement of `bundler/hand-over.ts`, which
 * is not imported: each file costs time when an application starts.
 */
export const STATEMENT: string =
  '\n;typeof OpenAI === "function" && ' +
  '(globalThis[Symbol.for("opentelemetry-instrumentation-bedrock.sdks.v1")] ??= []).push({ OpenAI });';

/** What loader hooks return, as far as this one needs it. */
interface LoadedModule {
  readonly source?: string | Uint8Array | ArrayBuffer | null;
}

type Load = (url: string, context: unknown, next: (url: string, context: unknown) => LoadedModule) => LoadedModule;

/** The parts of `node:module` in use. `registerHooks` came with Node.js 22.15. */
interface NodeModule {
  registerHooks?(hooks: { readonly load: Load }): unknown;
  register?(specifier: string): unknown;
}

/**
 * Sets the loader hook, unless the application has no package `openai`: applications without it pay nothing. Bun and Deno
 * have no such hooks. There the module is loaded at once.
 */
export function hookOpenAiModules(): void {
  const { versions } = process;
  try {
    if (!isOpenAiInstalled()) return;
    if ('bun' in versions || 'deno' in versions) handOver();
    else setHook(versions.node);
  } catch (error) {
    // Node.js can forbid an application to start the thread of such hooks, or to read folders.
    warn(`OpenAI's SDK is not traced if it is imported as ES modules: the loader hook failed (${errorOrigin(error)})`);
  }
}

function setHook(nodeVersion: string): void {
  const nodeModule: NodeModule = process.getBuiltinModule('node:module');
  if (nodeModule.registerHooks && acceptsSyncHooks(nodeVersion)) nodeModule.registerHooks({ load });
  // Its thread takes about 40 ms to start.
  else if (isEsModule(process.argv[1])) nodeModule.register?.(`data:text/javascript,${encodeURIComponent(ASYNC_HOOK)}`);
}

/** In Bun and Deno, `require()` of an ES module returns the one that an `import` gets. */
function handOver(): void {
  const folder = applicationFolders().find(hasOpenAi);
  const require = process.getBuiltinModule('node:module').createRequire(join(String(folder), 'index.js'));
  const { OpenAI } = require(join(dirname(require.resolve('openai')), 'index.mjs')) as { readonly OpenAI?: unknown };
  const shared = globalThis as { [HANDED_OVER]?: unknown[] };
  shared[HANDED_OVER] ??= [];
  shared[HANDED_OVER].push({ OpenAI });
}

function isOpenAiInstalled(): boolean {
  return applicationFolders().some(hasOpenAi);
}

/** Looks into the folders of npm and yarn, and into the one in which pnpm keeps what the application's packages need. */
function hasOpenAi(folder: string): boolean {
  return foldersAbove(folder).some((above) => {
    const packages = join(above, 'node_modules');
    return existsSync(join(packages, 'openai')) || existsSync(join(packages, '.pnpm', 'node_modules', 'openai'));
  });
}

/** The folder, and those that contain it. */
function foldersAbove(folder: string): string[] {
  const folders = [folder];
  for (let last = folder; dirname(last) !== last; ) {
    last = dirname(last);
    folders.push(last);
  }
  return folders;
}

/** Whether Node.js runs a program as an ES module: by its extension, else by the `package.json` above it. */
function isEsModule(program = ''): boolean {
  const extension = extname(program);
  if (extension === '.mjs' || extension === '.mts') return true;
  if (extension === '.cjs' || extension === '.cts') return false;
  const folder = foldersAbove(dirname(program)).find((above) => existsSync(join(above, 'package.json')));
  return folder !== undefined && /"type"\s*:\s*"module"/.test(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/**
 * Whether synchronous hooks may return CommonJS modules as Node.js has loaded them. Before, it threw an error for some.
 *
 * @see https://github.com/nodejs/node/pull/59929
 */
export function acceptsSyncHooks(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major === 22) return minor > 22 || (minor === 22 && patch >= 3);
  if (major === 24) return minor > 11 || (minor === 11 && patch >= 1);
  return major > 25 || (major === 25 && minor >= 1);
}

const load: Load = (url, context, next) => {
  const loaded = next(url, context);
  if (!MODULE.test(url) || !loaded.source) return loaded;
  const { source } = loaded;
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  return { ...loaded, source: text + STATEMENT };
};

/** The same for older versions of Node.js, which run hooks in a thread of their own. */
const ASYNC_HOOK = `export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!${MODULE}.test(url) || !loaded.source) return loaded;
  const { source } = loaded;
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  return { ...loaded, source: text + ${JSON.stringify(STATEMENT)} };
}`;
