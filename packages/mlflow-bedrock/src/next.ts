/** The settings with which Bedrock calls of a Next.js application are traced: `withMlflowBedrock(nextConfig)`. */

import { SDK_MODULE } from './bundler/hand-over.js';
import type { MlflowBedrockPluginOptions } from './bundler/options.js';

export type { MlflowBedrockPluginOptions };

/** The part of Next.js' configuration that is read and written here. */
interface NextSettings {
  serverExternalPackages?: string[];
  transpilePackages?: string[];
  turbopack?: { rules?: Record<string, unknown> };
  webpack?: Webpack | null;
}

interface WebpackConfig {
  readonly module: { readonly rules: unknown[] };
}

type Webpack = (config: WebpackConfig, context: { readonly nextRuntime?: string }) => unknown;

const LOADER = 'mlflow-bedrock/next/loader';
/** The rules of Turbopack for the modules of the SDKs, and for the routes of an application. */
const FILES = '*.{js,mjs}';
const ROUTE_FILES = '*.{js,jsx,ts,tsx}';
/** Start tracing, because modules of an SDK outside of the bundle, as in `pages/api`, do not pass the loader. */
const ROUTE = /[\\/](?:app[\\/](?:.*[\\/])?(?:route|page|layout)(?:\.\w+)*|pages[\\/].*)\.[jt]sx?$/;
/** The copies in node_modules, because the module hooks of an instrumentation cannot run in a bundle. */
const EXTERNAL = ['mlflow-bedrock', 'opentelemetry-exporter-mlflow', 'opentelemetry-instrumentation-bedrock'];

/**
 * Adds to a configuration of Next.js what traces the Bedrock calls of the server, with Turbopack and with webpack. All
 * other settings stay.
 *
 * @param config the configuration as Next.js takes it: an object, or a function that returns one or a promise of one.
 *   Default: an empty configuration
 */
export function withMlflowBedrock<Parameters extends unknown[], Config extends object>(
  config: (...parameters: Parameters) => Config | Promise<Config>,
  options?: MlflowBedrockPluginOptions,
): (...parameters: Parameters) => Promise<Config>;
export function withMlflowBedrock<Config extends object = Record<never, never>>(
  config?: Config,
  options?: MlflowBedrockPluginOptions,
): Config;
export function withMlflowBedrock(
  config: object | ((...parameters: unknown[]) => unknown) = {},
  options: MlflowBedrockPluginOptions = {},
): unknown {
  if (typeof config !== 'function') return withTracing(config, options);
  return async (...parameters: unknown[]) => withTracing((await config(...parameters)) as object, options);
}

function withTracing(config: NextSettings, options: MlflowBedrockPluginOptions): NextSettings {
  const { serverExternalPackages = [], transpilePackages = [] } = config;
  // Next.js refuses a package that is in both lists.
  const added = EXTERNAL.filter((name) => !transpilePackages.includes(name));
  const use = { loader: LOADER, options: { ...options } };
  return {
    ...config,
    serverExternalPackages: [...new Set([...serverExternalPackages, ...added])],
    ...withTurbopack(config, use),
    webpack: withWebpack(config, use),
  };
}

function withTurbopack({ turbopack, webpack }: NextSettings, use: object): Pick<NextSettings, 'turbopack'> {
  // Next.js ends with an error then, because Turbopack ignores the settings for webpack. It must still do so.
  if (webpack && turbopack === undefined && process.env['TURBOPACK'] === 'auto') return {};
  const loaders = [use];
  const rules = { ...turbopack?.rules };
  const add = (files: string, condition: object): void => {
    rules[files] = [rules[files] ?? [], { condition, loaders }].flat();
  };
  add(FILES, { all: ['node', { path: SDK_MODULE }] });
  add(ROUTE_FILES, { all: ['node', { not: 'foreign' }, { path: ROUTE }] });
  return { turbopack: { ...turbopack, rules } };
}

function withWebpack({ webpack }: NextSettings, use: object): Webpack {
  return (config, context) => {
    // The others are browsers and the Edge runtime.
    if (context.nextRuntime === 'nodejs') {
      const routes = { test: ROUTE, exclude: /[\\/]node_modules[\\/]/, use: [use] };
      config.module.rules.push({ test: SDK_MODULE, use: [use] }, routes);
    }
    return webpack ? webpack(config, context) : config;
  };
}
