/** Applications that are bundled with the SDK and this package into one file, and run without node_modules. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import commonjsPlugin from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import * as esbuild from 'esbuild';
import { type RollupBuild, rollup } from 'rollup';
import { runProgram } from '../support/programs.js';

type Release = 'newest' | '3.600';

interface Application {
  /** The input of the bundlers. */
  readonly entry: string;
  /** The package that the entry imports. */
  readonly sdk: string;
  /** The package that it gets, by the release of the SDK. */
  readonly sdks: Readonly<Record<Release, string>>;
  /** The calls: the operation and the name of the span. The last one fails. */
  readonly calls: readonly string[];
  /** Attributes of the calls that succeed. */
  readonly attributes: readonly string[];
}

const entryOf = (file: string): string => fileURLToPath(new URL(`../programs/${file}`, import.meta.url));
const APPLICATIONS = {
  models: {
    entry: entryOf('bundled.mjs'),
    sdk: '@aws-sdk/client-bedrock-runtime',
    sdks: { newest: '@aws-sdk/client-bedrock-runtime', '3.600': 'client-bedrock-runtime-3-600' },
    calls: [
      'Converse: chat anthropic.claude-3-haiku-20240307-v1:0',
      'ConverseStream: chat anthropic.claude-3-haiku-20240307-v1:0',
      'InvokeModel: chat anthropic.claude-3-haiku-20240307-v1:0',
      'InvokeModelWithResponseStream: chat anthropic.claude-3-haiku-20240307-v1:0',
      'Converse: chat ..',
    ],
    attributes: ['gen_ai.usage.output_tokens', 'gen_ai.output.messages'],
  },
  agents: {
    entry: entryOf('bundled-agent.mjs'),
    sdk: '@aws-sdk/client-bedrock-agent-runtime',
    sdks: { newest: '@aws-sdk/client-bedrock-agent-runtime', '3.600': 'client-bedrock-agent-runtime-3-600' },
    calls: ['InvokeAgent: invoke_agent', 'InvokeAgent: invoke_agent'],
    attributes: ['gen_ai.agent.id', 'gen_ai.output.messages'],
  },
} satisfies Record<string, Application>;
type Format = 'esm' | 'cjs';

/** Its types describe a CommonJS module, but an import gets an ES module. */
const commonjs = commonjsPlugin as unknown as typeof commonjsPlugin.default;

/** CommonJS code in an ES module bundle calls `require`, which ES modules lack. The README has this line too. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

async function withEsbuild(
  { entry, sdk }: Application,
  folder: string,
  format: Format,
  minify: boolean,
): Promise<string> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format,
    minify,
    logLevel: 'silent',
    // Rollup's default too. The SDK's CommonJS files keep the names of classes; its ES modules lose them.
    mainFields: format === 'esm' ? ['module', 'main'] : ['main'],
    alias: { [sdk]: folder },
    ...(format === 'esm' ? { banner: { js: REQUIRE } } : {}),
  });
  return outputFiles[0]?.text ?? '';
}

const graphs = new Map<string, Promise<RollupBuild>>();

async function withRollup(
  { entry, sdk }: Application,
  folder: string,
  format: Format,
  minify: boolean,
): Promise<string> {
  const graph =
    graphs.get(folder) ??
    rollup({
      input: entry,
      onwarn: () => undefined,
      plugins: [
        {
          name: 'sdk',
          resolveId(source, importer) {
            return source === sdk ? this.resolve(folder, importer, { skipSelf: true }) : null;
          },
        },
        nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }),
        // The same as @rollup/plugin-json: old SDKs require their package.json.
        { name: 'json', transform: (code, id) => (id.endsWith('.json') ? `export default ${code}` : null) },
        commonjs(),
      ],
    });
  graphs.set(folder, graph);
  const { output } = await (await graph).generate({ format, inlineDynamicImports: true });
  const { code } = output[0];
  return minify ? (await esbuild.transform(code, { minify, format, target: 'node20' })).code : code;
}

const BUNDLERS = { esbuild: withEsbuild, rollup: withRollup };
type Case = [keyof typeof BUNDLERS, keyof typeof APPLICATIONS, Release, Format, minify: boolean];

/** Each bundler, release, client and format, plain and minified, but not all of them with one another. */
const CASES: readonly Case[] = [
  ['esbuild', 'models', 'newest', 'esm', false],
  ['esbuild', 'models', 'newest', 'cjs', true],
  ['esbuild', 'models', '3.600', 'esm', true],
  ['esbuild', 'models', '3.600', 'cjs', false],
  ['esbuild', 'agents', 'newest', 'esm', true],
  ['esbuild', 'agents', '3.600', 'cjs', true],
  ['rollup', 'models', 'newest', 'esm', true],
];

describe('bundles', () => {
  let simulator: Simulator;
  let folder: string;
  before(async () => {
    simulator = await startSimulator();
    folder = mkdtempSync(join(tmpdir(), 'bundles-'));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await simulator.close();
    for (const graph of graphs.values()) await (await graph).close();
    graphs.clear();
  });

  /** What the application prints without tracing. */
  const plainAnswers = new Map<string, unknown[]>();

  for (const [bundler, client, release, format, minify] of CASES) {
    it(`made by ${bundler} are traced with the client for ${client} of SDK ${release}, ${format}${minify ? ', minified' : ''}`, async () => {
      const program = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
      const application: Application = APPLICATIONS[client];
      const { entry, calls, attributes: expected } = application;
      const sdk = dirname(createRequire(entry).resolve(`${application.sdks[release]}/package.json`));
      writeFileSync(program, await BUNDLERS[bundler](application, sdk, format, minify));
      if (!plainAnswers.has(sdk)) {
        const plain = await runProgram([program, 'plain'], folder, simulator.url);
        expect(plain.spans).to.deep.equal([]);
        expect(plain.answers).to.have.lengthOf(calls.length);
        plainAnswers.set(sdk, plain.answers);
      }
      const traced = await runProgram([program], folder, simulator.url);
      expect(traced.answers).to.deep.equal(plainAnswers.get(sdk));
      const named = traced.spans.map(({ name, attributes }) => `${attributes['app.operation']}: ${name}`);
      expect(named).to.deep.equal(calls);
      for (const { attributes } of traced.spans.slice(0, -1)) expect(attributes).to.include.keys(...expected);
    }).timeout(60_000);
  }
});
