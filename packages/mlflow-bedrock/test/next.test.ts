/** The settings that `withMlflowBedrock` adds to those of a Next.js application. Real builds: scripts/test. */

import { expect } from 'chai';
import { withMlflowBedrock } from 'mlflow-bedrock/next';
import loader from '../src/next-loader.js';

/** Next.js' configuration, as far as these tests use it. */
interface NextConfig {
  reactStrictMode?: boolean;
  serverExternalPackages?: string[];
  transpilePackages?: string[];
  turbopack?: { resolveAlias?: Record<string, string>; rules?: Record<string, unknown> };
  webpack?: (config: WebpackConfig, context: { nextRuntime?: string }) => WebpackConfig;
}

interface WebpackConfig {
  module: { rules: unknown[] };
  devtool?: string;
}

const FILES = '*.{js,mjs}';
const OURS = ['mlflow-bedrock', 'opentelemetry-exporter-mlflow', 'opentelemetry-instrumentation-bedrock'];
const CLIENT = '/app/node_modules/@smithy/core/dist-es/submodules/client/smithy-client/client.js';

const rulesFor = (config: NextConfig, nextRuntime?: string): unknown[] => {
  const webpackConfig: WebpackConfig = { module: { rules: [] } };
  config.webpack?.(webpackConfig, nextRuntime === undefined ? {} : { nextRuntime });
  return webpackConfig.module.rules;
};

/** What the loader makes of a module. */
const load = (code: string, options = {}): string => {
  let result = '';
  const callback = (_error: null, loaded: string): void => {
    result = loaded;
  };
  loader.call({ getOptions: () => options, callback }, code);
  return result;
};

describe('withMlflowBedrock', () => {
  it('keeps all settings of an object, and the object itself', () => {
    const config: NextConfig = {
      reactStrictMode: true,
      serverExternalPackages: ['sharp', 'mlflow-bedrock'],
      turbopack: { resolveAlias: { one: 'other' }, rules: { '*.svg': ['svg-loader'] } },
    };
    const before = structuredClone(config);
    const traced: NextConfig = withMlflowBedrock(config);
    expect(config).to.deep.equal(before);
    expect(traced).to.deep.include({ reactStrictMode: true, serverExternalPackages: ['sharp', ...OURS] });
    expect(traced.turbopack).to.deep.include({ resolveAlias: { one: 'other' } });
    expect(traced.turbopack?.rules).to.have.all.keys('*.svg', FILES);
  });

  it('keeps the rules that an application has for the same files', () => {
    const own = [{ loaders: ['other-loader'] }];
    const [first, ...others] = [own, { loaders: ['other-loader'] }].flatMap((rules) => {
      const { turbopack } = withMlflowBedrock<NextConfig>({ turbopack: { rules: { [FILES]: rules } } });
      return [turbopack?.rules?.[FILES]];
    });
    expect(first).to.have.length(2).and.to.deep.include(own[0]);
    expect(others).to.deep.equal([first]);
  });

  it('takes a function, which may be asynchronous, and gives it what Next.js passes', async () => {
    const plain = withMlflowBedrock((phase: string, { defaultConfig }: { defaultConfig: NextConfig }) => ({
      ...defaultConfig,
      phase,
    }));
    const config = await plain('phase-production-server', { defaultConfig: { reactStrictMode: true } });
    expect(config).to.deep.include({ phase: 'phase-production-server', reactStrictMode: true });
    expect((config as NextConfig).serverExternalPackages).to.deep.equal(OURS);
    const later = withMlflowBedrock(async (): Promise<NextConfig> => ({ reactStrictMode: true }));
    expect(await later()).to.include({ reactStrictMode: true });
  });

  it('needs no configuration', () => {
    const config: NextConfig = withMlflowBedrock();
    expect(config.serverExternalPackages).to.deep.equal(OURS);
  });

  it('leaves a package to the application that transpiles it, because Next.js refuses both settings at once', () => {
    const { serverExternalPackages } = withMlflowBedrock<NextConfig>({ transpilePackages: ['mlflow-bedrock'] });
    expect(serverExternalPackages).to.deep.equal(OURS.slice(1));
  });

  it("adds webpack's rule for Node.js only, and calls the application's function", () => {
    const config = withMlflowBedrock<NextConfig>({ webpack: (given) => Object.assign(given, { devtool: 'eval' }) });
    const webpackConfig = config.webpack?.({ module: { rules: [] } }, { nextRuntime: 'nodejs' });
    expect(webpackConfig?.devtool).to.equal('eval');
    expect(webpackConfig?.module.rules).to.have.length(1);
    for (const runtime of ['edge', undefined]) expect(rulesFor(withMlflowBedrock<NextConfig>({}), runtime)).to.be.empty;
  });

  it('lets Next.js refuse settings for webpack alone when Turbopack builds', () => {
    const { TURBOPACK } = process.env;
    process.env['TURBOPACK'] = 'auto';
    try {
      const webpack: NextConfig['webpack'] = (config) => config;
      expect(withMlflowBedrock<NextConfig>({ webpack })).not.to.include.keys('turbopack');
      expect(withMlflowBedrock<NextConfig>({ webpack, turbopack: {} })).to.include.keys('turbopack');
      expect(withMlflowBedrock<NextConfig>({})).to.include.keys('turbopack');
    } finally {
      if (TURBOPACK === undefined) delete process.env['TURBOPACK'];
      else process.env['TURBOPACK'] = TURBOPACK;
    }
  });

  it('has the same rule for both bundlers, with its options', () => {
    const config = withMlflowBedrock<NextConfig>({}, { register: false });
    const [rule] = rulesFor(config, 'nodejs') as { test: RegExp; use: unknown[] }[];
    const rules = config.turbopack?.rules?.[FILES] as
      | { condition: { all: unknown[] }; loaders: unknown[] }[]
      | undefined;
    const turbopackRule = rules?.[0];
    expect(rule?.use).to.deep.equal([{ loader: 'mlflow-bedrock/next/loader', options: { register: false } }]);
    expect(turbopackRule?.loaders).to.deep.equal(rule?.use);
    expect(turbopackRule?.condition.all).to.deep.equal(['node', { path: rule?.test }]);
    expect(CLIENT).to.match(rule?.test ?? /$^/);
  });
});

describe('the loader for Next.js', () => {
  it('starts tracing before the module of the SDK, and hands its class over', () => {
    const code = load('export class Client {}');
    expect(code).to.match(/^import 'mlflow-bedrock\/next\/start'; export class Client \{\}\n;.*push\(\{ Client \}\);$/);
  });

  it('only hands the class over if it must not start tracing', () => {
    expect(load('export class Client {}', { register: false })).to.match(/^export class Client \{\}\n;.*push/);
  });

  it('returns modules without the class as they are', () => {
    expect(load("export { Client } from './client.js';")).to.equal("export { Client } from './client.js';");
  });
});
