/** Installs the packed packages with each package manager into empty projects, compiles these and traces a call in each. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { execa } from 'execa';
import { buildPackages } from 'testing/build.js';
import { MLFLOW_HOME } from 'testing/mlflow/install.js';
import { installPackages } from 'testing/npm.js';
import { type OtlpReceiver, startOtlpReceiver } from 'testing/otlp-receiver.js';
import { runNode } from 'testing/run.js';
import { type Packed, packPackages } from '../release/pack.js';
import { type Manifest, ROOT } from '../release/packages.js';
import { licensesOf, sbomOf } from '../release/sbom.js';

const BOOTSTRAP = join(ROOT, 'scripts', 'bootstrap.mjs');
const YARN_FOLDER = join(MLFLOW_HOME, 'yarn');
const YARN = join(YARN_FOLDER, 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js');
const YARN_VERSION = '4.18.1';
/** The compiler of this repository, and an older one. */
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const OLDER_TYPESCRIPT = '5.9.3';

const SDK_MANIFEST = join(ROOT, 'bench/node_modules/@aws-sdk/client-bedrock-runtime/package.json');
/** What an application has besides. The SDK is the one of the other tests. */
const OTHERS = {
  '@aws-sdk/client-bedrock-runtime': (JSON.parse(readFileSync(SDK_MANIFEST, 'utf8')) as Manifest).version,
  '@opentelemetry/api': '^1.9.0',
  '@types/node': '20.19.43',
};
const PERMISSIVE = /^(?:Apache-2\.0|MIT|ISC|0BSD|BSD-[23]-Clause)$/;
const SPAN = 'chat amazon.nova-lite-v1:0';

const SDK = "import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';\n";
const CALL = `const content = [{ text: 'Hi' }];
const command = new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages: [{ role: 'user', content }] });
new BedrockRuntimeClient({}).send(command).then(({ usage }) => console.log(JSON.stringify(usage)));
`;
/** Uses the types of each entry that needs no bundler. */
const TYPED = `import { autolog, type AutologOptions, MlflowClient, MlflowSpanExporter, traced } from 'mlflow-bedrock';
import { withFlush } from 'mlflow-bedrock/lambda';
import { withMlflowBedrock } from 'mlflow-bedrock/next';
import type { BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';
import type { MlflowSpanExporterConfig } from 'opentelemetry-exporter-mlflow';
const options: AutologOptions = {};
autolog(options);
export const answer: (text: string) => Promise<number> = traced('answer', async (text: string) => text.length);
export const types: [BedrockInstrumentationConfig, MlflowSpanExporterConfig] = [{}, {}];
export { MlflowClient, MlflowSpanExporter, withFlush, withMlflowBedrock };
`;
const FILES = {
  'esm/package.json': '{ "type": "module" }',
  'esm/app.js': SDK + CALL,
  'cjs/package.json': '{ "type": "commonjs" }',
  'cjs/app.js': SDK.replace('import', 'const').replace(/ from (.*);/, ' = require($1);') + CALL,
  'typescript/package.json': '{ "type": "module" }',
  'typescript/app.ts': SDK + TYPED + CALL,
  'typescript/common.cts': SDK + TYPED + CALL,
};
/** The ways in which TypeScript finds packages. */
const BUNDLER = ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit'];
const NODE16 = ['--module', 'node16', '--moduleResolution', 'node16'];
const STRICT = ['--strict', '--target', 'es2022', '--types', 'node', '--skipLibCheck', 'false'];

interface Manager {
  readonly name: string;
  /** Packages that only its project has. */
  readonly others?: Record<string, string>;
  /** What its package.json has besides. `own` are the packed packages, which are not in the registry. */
  readonly manifest: (own: Record<string, string>) => object;
  /** Files that it reads besides. */
  readonly files: (own: Record<string, string>) => Record<string, string>;
  readonly install: (folder: string) => Promise<unknown>;
}

const MANAGERS = {
  npm: {
    name: 'npm',
    others: { typescript: OLDER_TYPESCRIPT },
    manifest: (overrides) => ({ overrides }),
    files: () => ({}),
    install: (cwd) => execa('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd }),
  },
  pnpm: {
    name: 'pnpm',
    manifest: () => ({}),
    files: (overrides) => ({ 'pnpm-workspace.yaml': JSON.stringify({ packages: [], overrides }) }),
    install: (folder) =>
      execa(process.execPath, [BOOTSTRAP, 'pnpm', '--dir', folder, 'install', '--prefer-offline'], { all: true }),
  },
  yarn: {
    name: 'Yarn',
    manifest: (resolutions) => ({ resolutions }),
    // Without this linker, only "yarn node" finds packages.
    files: () => ({ 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: node-modules\nenableTelemetry: false\n' }),
    async install(cwd) {
      await installPackages(YARN_FOLDER, { '@yarnpkg/cli-dist': YARN_VERSION });
      const { stdout: registry } = await execa('npm', ['config', 'get', 'registry']);
      const env = { YARN_NPM_REGISTRY_SERVER: registry, YARN_GLOBAL_FOLDER: join(YARN_FOLDER, 'global') };
      // In continuous integration, Yarn refuses to write a lock file unless told to.
      await execa(process.execPath, [YARN, 'install', '--no-immutable'], { cwd, env, all: true });
    },
  },
} satisfies Record<string, Manager>;

describe('the installed packages', function () {
  this.timeout(300_000);
  const projects = new Map<Manager, string>();
  let folder: string;
  let packed: Packed[];
  let simulator: Simulator;
  let receiver: OtlpReceiver;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'packages-installed-'));
    await buildPackages();
    packed = await packPackages(join(folder, 'packed'));
    simulator = await startSimulator();
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await simulator.close();
  });
  beforeEach(async () => {
    receiver = await startOtlpReceiver();
  });
  afterEach(() => receiver.close());

  /** A project with the packages, installed at the first call. */
  async function projectWith(manager: Manager): Promise<string> {
    const project = join(folder, manager.name);
    if (projects.has(manager)) return project;
    const own = Object.fromEntries(packed.map(({ name, file }) => [name, `file:${file}`]));
    const dependencies = { ...own, ...manager.others, ...OTHERS };
    const manifest = { name: 'application', version: '1.0.0', private: true, dependencies, ...manager.manifest(own) };
    const all = { ...FILES, ...manager.files(own), 'package.json': JSON.stringify(manifest) };
    for (const [file, text] of Object.entries(all)) {
      mkdirSync(join(project, file, '..'), { recursive: true });
      writeFileSync(join(project, file), text);
    }
    await manager.install(project);
    projects.set(manager, project);
    return project;
  }

  async function compile(project: string, tsc: string, resolution: readonly string[]): Promise<void> {
    const args = [tsc, ...STRICT, ...resolution, 'app.ts', 'common.cts'];
    const { code, output } = await runNode(args, { cwd: join(project, 'typescript') });
    if (code !== 0) throw new Error(output);
  }

  /** Runs an application as the README says, and expects its call as a span. */
  async function expectTraced(cwd: string, file: string): Promise<void> {
    const before = receiver.spans.length;
    const env = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'simulator',
      AWS_SECRET_ACCESS_KEY: 'simulator',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
      MLFLOW_TRACKING_URI: receiver.url,
      NODE_OPTIONS: '',
    };
    const { stdout } = await execa(process.execPath, ['--import', 'mlflow-bedrock/register', file], { cwd, env });
    const spans = receiver.spans.slice(before);
    const names = spans.map(({ name }) => name);
    expect(names, file).to.deep.equal([SPAN]);
    const { inputTokens } = JSON.parse(stdout) as { inputTokens: number };
    expect(spans[0]?.attributes, file).to.include({ 'gen_ai.usage.input_tokens': inputTokens });
  }

  for (const manager of Object.values<Manager>(MANAGERS)) {
    it(`of ${manager.name} compile in TypeScript, and trace in ES modules and in CommonJS`, async () => {
      const project = await projectWith(manager);
      for (const resolution of [BUNDLER, NODE16]) await compile(project, TSC, resolution);
      for (const file of ['esm/app.js', 'cjs/app.js']) await expectTraced(project, file);
    });
  }

  it('trace what TypeScript 5 makes of an application, as an ES module and as CommonJS', async () => {
    const project = await projectWith(MANAGERS.npm);
    await compile(project, join(project, 'node_modules', 'typescript', 'bin', 'tsc'), NODE16);
    for (const file of ['typescript/app.js', 'typescript/common.cjs']) await expectTraced(project, file);
  });

  it('have sources that stack traces name with their lines', async () => {
    const project = await projectWith(MANAGERS.npm);
    const fail = "new MlflowClient({ trackingUri: 'ftp://127.0.0.1' })";
    const programs = [
      ['--input-type=module', '-e', `import { MlflowClient } from 'mlflow-bedrock'; ${fail}`],
      ['--input-type=commonjs', '-e', `const { MlflowClient } = require('mlflow-bedrock'); ${fail}`],
    ];
    for (const program of programs) {
      const { output } = await runNode(['--enable-source-maps', ...program], { cwd: project });
      const [, file = '', line = ''] = /at .*\((?:file:\/\/)?(.*\/src\/.*\.ts):(\d+):\d+\)/.exec(output) ?? [];
      expect(readFileSync(file, 'utf8').split('\n')[Number(line) - 1], output).to.match(/throw|Error\(/);
    }
  });

  it('bring only packages whose licences allow every use', async () => {
    const licences = licensesOf(await sbomOf(await projectWith(MANAGERS.npm)));
    expect([...licences.keys()]).to.include.members([...packed.map(({ name }) => name), 'undici']);
    for (const [name, licence] of licences) {
      for (const part of licence.replaceAll(/[()]/g, '').split(/ AND | OR /)) expect(part, name).to.match(PERMISSIVE);
    }
  });
});
