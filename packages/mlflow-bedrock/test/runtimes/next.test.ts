/** The settings that `withMlflowBedrock` adds to those of a Next.js application. Real builds: scripts/test. */

import { expect } from 'chai';
import { withMlflowBedrock } from 'mlflow-bedrock/next';
import loader from '../../src/next-loader.js';

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
const ROUTE_FILES = '*.{js,jsx,ts,tsx}';
const OURS = ['mlflow-bedrock', 'opentelemetry-exporter-mlflow', 'opentelemetry-instrumentation-bedrock'];
const CLIENT = '/app/node_modules/@smithy/core/dist-es/submodules/client/smithy-client/client.js';

const rulesFor = (config: NextConfig, nextRuntime?: string): unknown[] => {
  const webpackConfig: WebpackConfig = { module: { rules: [] } };
  config.webpack?.(webpackConfig, nextRuntime === undefined ? {} : { nextRuntime });
  return webpackConfig.module.rules;
};

/** What the loader makes of a module. */
const load = (code: string, options = {}, resourcePath: string = CLIENT): string => {
  let result = '';
  const callback = (_error: null, loaded: string): void => {
    result = loaded;
  };
  loader.call({ resourcePath, getOptions: () => options, callback }, code);
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
    expect(traced.turbopack?.rules).to.have.all.keys('*.svg', FILES, ROUTE_FILES);
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
    expect(webpackConfig?.module.rules).to.have.length(2);
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

  it('has the same rules for both bundlers, with its options', () => {
    const config = withMlflowBedrock<NextConfig>({}, { register: false });
    const use = [{ loader: 'mlflow-bedrock/next/loader', options: { register: false } }];
    const [sdk, routes] = rulesFor(config, 'nodejs') as { test: RegExp; use: unknown[] }[];
    expect([sdk?.use, routes?.use]).to.deep.equal([use, use]);
    expect(config.turbopack?.rules).to.deep.equal({
      [FILES]: [{ condition: { all: ['node', { path: sdk?.test }] }, loaders: use }],
      [ROUTE_FILES]: [{ condition: { all: ['node', { not: 'foreign' }, { path: routes?.test }] }, loaders: use }],
    });
    expect(CLIENT).to.match(sdk?.test ?? /$^/);
  });

  it('knows the files of routes', () => {
    const [, routes] = rulesFor(withMlflowBedrock<NextConfig>(), 'nodejs') as { test: RegExp }[];
    const isRoute = (file: string): boolean => routes?.test.test(file) === true;
    for (const file of [
      '/app/app/layout.tsx',
      '/site/src/app/api/chat/route.ts',
      '[project]/app/(group)/[id]/page.jsx',
      '/site/pages/api/chat.js',
      'C:\\site\\pages\\index.tsx',
      '/site/app/chat/route.api.ts',
    ]) {
      expect(isRoute(file), file).to.equal(true);
    }
    for (const file of [
      '/site/app/bedrock.ts',
      '/site/app/api/router.ts',
      '/site/lib/pages.ts',
      '/site/app/page.css',
    ]) {
      expect(isRoute(file), file).to.equal(false);
    }
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

  it('starts tracing in routes, where the SDK may be outside of the bundle, and hands none of their classes over', () => {
    const route = '/site/app/api/chat/route.ts';
    const code = "import { ask } from './ask';\nexport class Client {}";
    expect(load(code, {}, route)).to.equal(`import 'mlflow-bedrock/next/start'; ${code}`);
    expect(load('module.exports = () => {};', {}, route)).to.match(/^require\('mlflow-bedrock\/next\/start'\); module/);
    expect(load(code, { register: false }, route)).to.equal(code);
  });

  it('leaves directives of a route at its start', () => {
    const page = '/site/app/page.tsx';
    const cached = `/* Ours. */\n"use cache: remote";\nexport default async () => null;`;
    expect(load(cached, {}, page)).to.include('"use cache: remote";import \'mlflow-bedrock/next/start\'; \nexport');
    const noSemicolon = "// Ours.\n'use strict'\nexport default () => 1;";
    expect(load(noSemicolon, {}, page)).to.include("'use strict';import 'mlflow-bedrock/next/start'; \n");
    const client = "// A comment.\n'use client'\nexport default () => null;";
    expect(load(client, {}, page)).to.equal(client);
  });

  it('takes no time for many comments at the start of a route', () => {
    const code = `${'/* one */ // two // three\n'.repeat(500)}export default 1;`;
    const start = performance.now();
    expect(load(code, {}, '/site/app/page.tsx')).to.match(/^import 'mlflow-bedrock/);
    expect(performance.now() - start).to.be.below(500);
  });
});
