/** Makes the bundles of docs/bundlers.md with the configuration that the page shows, and runs them without packages. */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { buildPackages } from 'testing/build.js';
import { ANSWER, useBundles } from 'testing/bundles.js';
import { installPackages } from 'testing/npm.js';
import { packPackages } from '../release/pack.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.mlflow', 'bundlers');
const NEST = join(ROOT, 'examples/bundled/nestjs');

/** Packages that the plugin's own tests use in the same version. */
const TOOLS = [
  '@aws-sdk/client-bedrock-runtime',
  '@opentelemetry/api',
  '@rollup/plugin-commonjs',
  '@rollup/plugin-json',
  '@rollup/plugin-node-resolve',
  'esbuild',
  'openai',
  'rolldown',
  'rollup',
  'vite',
  'webpack',
];

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const readManifest = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest;

function versionsOfTools(): Record<string, string> {
  const { devDependencies } = readManifest(join(ROOT, 'packages/mlflow-bedrock/package.json'));
  const installed = (name: string): string =>
    readManifest(join(ROOT, 'packages/mlflow-bedrock/node_modules', name, 'package.json')).version;
  const isExact = (version = ''): boolean => /^\d/.test(version);
  return Object.fromEntries(
    TOOLS.map((name) => [name, isExact(devDependencies[name]) ? String(devDependencies[name]) : installed(name)]),
  );
}

/** The files that a page shows, by the name in their first line. */
function filesOf(page: string): Map<string, string> {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^```[jt]s\n\/\/ (\S+)\n(.*?)^```$/gms);
  return new Map([...blocks].map(([, name = '', code = '']) => [name, code]));
}

const APPLICATION = `
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import OpenAI from 'openai';

async function main() {
  const bedrock = new BedrockRuntimeClient();
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  const { output } = await bedrock.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  console.log(output.message.content[0].text);
  bedrock.destroy();
  await new OpenAI().chat.completions.create({ model: 'openai.gpt-oss-20b-1:0', messages: [{ role: 'user', content: 'Hi' }] });
}

main();
`;
const OPENAI_LINES = /^.*OpenAI.*\n/gm;
const SPANS = ['chat amazon.nova-lite-v1:0', 'chat openai.gpt-oss-20b-1:0'];

/** Synthesizes two functions, like those of the page. Arguments: the project with its packages, and the output. */
const SYNTHESIZE = `
  import { App, Stack } from 'aws-cdk-lib';
  import { Code, Runtime } from 'aws-cdk-lib/aws-lambda';
  import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
  const [, project, packages, outdir] = process.argv;
  const stack = new Stack(new App({ outdir }), 'Stack');
  const runtime = Runtime.NODEJS_22_X;
  const root = { projectRoot: packages, depsLockFilePath: packages + '/package-lock.json' };
  new NodejsFunction(stack, 'Default', { ...root, entry: project + '/handler.ts', runtime });
  const code = Code.fromCustomCommand(project + '/dist', ['node', 'esbuild.config.mjs'], { commandOptions: { cwd: project } });
  new NodejsFunction(stack, 'Whole', { code, handler: 'app.handler', runtime });
  stack.node.root.synth();`;

const INVOKE = `
  const { readdirSync } = require('node:fs');
  const [file] = readdirSync('.').filter((name) => /^(?:app|index)\\./.test(name));
  const context = { getRemainingTimeInMillis: () => 10_000 };
  require('./' + file).handler({ text: 'Hi' }, context).then(console.log);`;

interface Build {
  readonly config: string;
  /** Default: true. */
  readonly hasOpenAI?: boolean;
  /** Run by `node`, in the folder with the configuration. */
  readonly command: (config: string) => readonly string[];
  readonly bundle: string;
}

const bin = (path: string) => join(FOLDER, 'node_modules', path);
/** The package webpack-cli does the same, and nothing else is needed of it. */
const RUN_WEBPACK = `
  import webpack from 'webpack';
  import config from './webpack.config.mjs';
  webpack({ ...config, context: process.cwd(), optimization: { minimize: false } }, (error, stats) => {
    if (error || stats.hasErrors() || stats.hasWarnings()) throw error ?? new Error(stats.toString('errors-warnings'));
  });`;

const BUILDS: Readonly<Record<string, Build>> = {
  esbuild: { config: 'esbuild.config.mjs', command: (config) => [config], bundle: 'app.cjs' },
  Rolldown: {
    config: 'rolldown.config.mjs',
    command: (config) => [bin('rolldown/bin/cli.mjs'), '--config', config],
    bundle: 'app.mjs',
  },
  Rollup: {
    config: 'rollup.config.mjs',
    // OpenAI's SDK costs seconds more. The build of Rolldown has it, with the same hooks of the plugin.
    hasOpenAI: false,
    command: (config) => [bin('rollup/dist/bin/rollup'), '--config', config, '--silent'],
    bundle: 'app.mjs',
  },
  Vite: { config: 'vite.config.mjs', command: () => [bin('vite/bin/vite.js'), 'build'], bundle: 'app.mjs' },
  webpack: {
    config: 'webpack.config.mjs',
    command: () => ['--input-type=module', '--eval', RUN_WEBPACK],
    bundle: 'app.cjs',
  },
};

describe('bundlers', function () {
  this.timeout(600_000);
  const bundles = useBundles();
  const files = filesOf('docs/bundlers.md');
  const project = join(FOLDER, 'project');

  before(async () => {
    await buildPackages();
    const packed = await packPackages(join(ROOT, '.mlflow', 'bundlers-packed'));
    const own = Object.fromEntries(packed.map(({ name, file }) => [name, `file:${file}`]));
    const nest = readManifest(join(NEST, 'package.json'));
    const dependencies = { ...nest.dependencies, ...nest.devDependencies, ...versionsOfTools(), ...own };
    await installPackages(FOLDER, dependencies, { files: packed.map(({ file }) => file) });
  });
  beforeEach(() => {
    rmSync(project, { recursive: true, force: true });
    mkdirSync(project);
  });

  /** Runs a build. Returns the folder of its output, moved away from all packages. */
  async function build(name: string, args: readonly string[]): Promise<void> {
    await execa(process.execPath, args, { cwd: project, all: true });
    cpSync(join(project, 'dist'), join(bundles.folder, name), { recursive: true });
  }

  for (const [tool, { config, command, bundle, hasOpenAI = true }] of Object.entries(BUILDS)) {
    it(`of ${tool} trace ${hasOpenAI ? 'both SDKs' : 'the AWS SDK'} with the configuration of docs/bundlers.md`, async () => {
      writeFileSync(join(project, 'app.mjs'), hasOpenAI ? APPLICATION : APPLICATION.replaceAll(OPENAI_LINES, ''));
      writeFileSync(join(project, config), String(files.get(config)));
      await build(tool, command(config));
      const { spans, ...run } = await bundles.run([join(tool, bundle)]);
      expect(run).to.deep.equal({ stdout: `${ANSWER}\n`, stderr: '', end: 0 });
      expect(spans.map(({ name }) => name)).to.deep.equal(hasOpenAI ? SPANS : SPANS.slice(0, 1));
      for (const { attributes } of spans) expect(attributes).to.include.keys('gen_ai.usage.output_tokens');
    });
  }

  it('without a plugin log one line that says why the SDK is not traced, and what to do', async () => {
    writeFileSync(join(project, 'app.mjs'), `import 'mlflow-bedrock/register';\n${APPLICATION}`);
    writeFileSync(join(project, 'build.mjs'), String(files.get('esbuild.config.mjs')).replace('mlflowBedrock()', ''));
    await build('without', ['build.mjs']);
    const { stdout, stderr, spans } = await bundles.run([join('without', 'app.cjs')]);
    expect(stdout).to.equal(`${ANSWER}\n`);
    expect(spans).to.deep.equal([]);
    expect(stderr).to.match(/^[^\n]*part of a bundle[^\n]*the bundler plugin of mlflow-bedrock[^\n]*\n$/);
  });

  it('of NestJS with webpack trace the requests of a server', async () => {
    cpSync(NEST, project, { recursive: true });
    // The page shows the part that matters.
    expect(readFileSync(join(project, 'webpack.config.js'), 'utf8')).to.include("require('mlflow-bedrock/webpack')");
    await build('nest', [bin('@nestjs/cli/bin/nest.js'), 'build']);
    const { answer, stderr, spans } = await bundles.request([join('nest', 'main.js')], '/chat', { env: { PORT: '0' } });
    expect({ answer, stderr }).to.deep.equal({ answer: ANSWER, stderr: '' });
    expect(spans.map(({ name }) => name)).to.deep.equal(SPANS.slice(0, 1));
  });

  it('of NodejsFunction trace a handler, with the SDK of Lambda and with a bundled one', async () => {
    writeFileSync(join(project, 'handler.ts'), String(files.get('handler.ts')));
    writeFileSync(join(project, 'app.mjs'), "export { handler } from './handler.ts';");
    writeFileSync(join(project, 'esbuild.config.mjs'), String(files.get('esbuild.config.mjs')));
    const output = join(bundles.folder, 'cdk');
    const args = ['--input-type=module', '--eval', SYNTHESIZE, project, FOLDER, output];
    await execa(process.execPath, args, { cwd: join(ROOT, 'examples/cdk-fargate'), all: true });
    const assets = readdirSync(output).filter((name) => name.startsWith('asset.'));
    const made = Object.fromEntries(assets.map((asset) => [readdirSync(join(output, asset)).join(), asset]));
    expect(Object.keys(made)).to.have.members(['index.js', 'app.cjs']);
    // The runtime of Lambda has the SDK.
    symlinkSync(join(FOLDER, 'node_modules'), join(output, String(made['index.js']), 'node_modules'));
    for (const asset of assets) {
      const { spans, ...run } = await bundles.run(['--eval', INVOKE], { cwd: join('cdk', asset) });
      expect(run).to.deep.equal({ stdout: `${ANSWER}\n`, stderr: '', end: 0 });
      expect(spans.map(({ name }) => name)).to.deep.equal(SPANS.slice(0, 1));
    }
  });
});
