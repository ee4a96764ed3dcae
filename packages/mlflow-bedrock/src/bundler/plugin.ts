/** The plugin of all bundlers. */

import { dirname, resolve as resolvePath } from 'node:path';
import type { BuildOptions, PluginBuild } from 'esbuild';
import { createUnplugin, type UnpluginInstance, type UnpluginOptions } from 'unplugin';
import type { Compiler, WebpackError } from 'webpack';
import { handOver, SDK_MODULE } from './hand-over.js';
import { loadSqliteWhenUsed, UNDICI_MODULE } from './lazy-sqlite.js';
import type { MlflowBedrockPluginOptions } from './options.js';
import { REGISTER, startTracing } from './start.js';

const NAME = 'mlflow-bedrock';
const START = `${NAME}:register`;

export const plugin: UnpluginInstance<MlflowBedrockPluginOptions | undefined, true> = createUnplugin<
  MlflowBedrockPluginOptions | undefined,
  true
>((options, { framework }) => {
  const plugins = [handsOver()];
  if (options?.register ?? true) plugins.push(starts(framework));
  if (framework === 'rollup' || framework === 'vite') plugins.push(avoidsSqlite());
  if (framework === 'webpack') plugins.push({ name: `${NAME}:optional`, webpack: ignoreOptional });
  return plugins;
});

/** Hands over the SDKs that are in the bundle. */
function handsOver(): UnpluginOptions {
  const transform = {
    // Rollup's plugin for CommonJS moves the class into a function.
    order: 'pre',
    filter: { id: SDK_MODULE },
    handler(this: unknown, code: string) {
      const handedOver = isForBrowsers(this) ? undefined : handOver(code);
      return handedOver === undefined ? undefined : { code: handedOver, map: null };
    },
  };
  return { name: NAME, enforce: 'pre', transform, esbuild: { onLoadFilter: SDK_MODULE } };
}

/** Starts tracing before the application. */
function starts(framework: string): UnpluginOptions {
  if (framework === 'esbuild') return { name: START, esbuild: { setup: startWithEsbuild } };
  if (framework === 'webpack') return { name: START, webpack: startWithWebpack };
  const transform = { order: 'pre', handler: startWithRollup };
  return { name: START, enforce: 'pre', transform };
}

function avoidsSqlite(): UnpluginOptions {
  const transform = {
    order: 'pre',
    filter: { id: UNDICI_MODULE },
    handler: (code: string) => ({ code: loadSqliteWhenUsed(code), map: null }),
  };
  return { name: `${NAME}:sqlite`, enforce: 'pre', transform };
}

/** Injected modules run before the entry. */
function startWithEsbuild({ initialOptions, onResolve, onLoad, resolve }: PluginBuild): void {
  const folders = foldersOf(initialOptions);
  initialOptions.inject = [START, ...(initialOptions.inject ?? [])];
  onResolve({ filter: new RegExp(`^${START}$`) }, () => ({ path: REGISTER, namespace: NAME }));
  onLoad({ filter: /.*/, namespace: NAME }, async () => {
    let resolveDir = '';
    for (resolveDir of folders) {
      const { errors } = await resolve(REGISTER, { kind: 'import-statement', resolveDir });
      if (errors.length === 0) break;
    }
    return { contents: `import '${REGISTER}';`, resolveDir };
  });
}

/** Where packages of the application may be. In a monorepo, a build may run in another folder than that of the package. */
function foldersOf({ absWorkingDir = process.cwd(), entryPoints = [] }: BuildOptions): string[] {
  const entries = Array.isArray(entryPoints) ? entryPoints : Object.values(entryPoints);
  const files = entries.map((entry) => (typeof entry === 'string' ? entry : entry.in));
  return [...new Set([...files.map((file) => dirname(resolvePath(absWorkingDir, file))), absWorkingDir])];
}

/** An entry without a name runs before all others. */
function startWithWebpack(compiler: Compiler): void {
  new compiler.webpack.EntryPlugin(compiler.context, REGISTER, {}).apply(compiler);
  // Webpack warns of the `require` by which OpenTelemetry's module hooks load modules outside of the bundle.
  ignoreWarnings(compiler, ({ module }) => /[\\/]require-in-the-middle[\\/]/.test(module?.identifier() ?? ''));
}

// The packages that only tracking URIs of SageMaker need.
const OPTIONAL = /^Module not found: .*Can't resolve '(?:@aws-sdk\/credential-providers|@smithy\/signature-v4)'/;
const EXPORTER = /[\\/](?:opentelemetry-exporter-mlflow|exporter-mlflow)[\\/]/;

/** Webpack warns of a package that is missing, although the code that imports it can do without. */
function ignoreOptional(compiler: Compiler): void {
  ignoreWarnings(
    compiler,
    ({ module, message }) => OPTIONAL.test(message) && EXPORTER.test(module?.identifier() ?? ''),
  );
}

function ignoreWarnings({ options }: Compiler, matches: (warning: WebpackError) => boolean): void {
  options.ignoreWarnings = [...(options.ignoreWarnings ?? []), (warning) => matches(warning as WebpackError)];
}

/** What Rollup, Rolldown and Vite show their plugins. */
interface RollupContext {
  getModuleInfo?(id: string): { readonly isEntry?: boolean } | null;
  /** Vite's. */
  readonly environment?: { readonly config?: { readonly consumer?: string } };
}

/** Vite calls the plugin for the bundle of the server and for that of browsers. */
function isForBrowsers(context: unknown): boolean {
  return (context as RollupContext | undefined)?.environment?.config?.consumer === 'client';
}

function startWithRollup(this: unknown, code: string, id: string): { code: string; map: null } | undefined {
  if (isForBrowsers(this)) return undefined;
  const context = this as RollupContext;
  return context.getModuleInfo?.(id)?.isEntry ? { code: startTracing(code), map: null } : undefined;
}
