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
import { runProgram } from './support/programs.js';

interface Application {
  /** The input of the bundlers. */
  readonly entry: string;
  /** The package that the entry imports. */
  readonly sdk: string;
  /** The package that it gets, by the name of the test. */
  readonly sdks: Readonly<Record<string, string>>;
  /** The calls: the operation and the name of the span. The last one fails. */
  readonly calls: readonly string[];
  /** Whether bundles are minified. */
  readonly minify: readonly boolean[];
  /** Attributes of the calls that succeed. */
  readonly attributes: readonly string[];
}

const entryOf = (file: string): string => fileURLToPath(new URL(`programs/${file}`, import.meta.url));
const APPLICATIONS: readonly Application[] = [
  {
    entry: entryOf('bundled.mjs'),
    sdk: '@aws-sdk/client-bedrock-runtime',
    sdks: { 'the newest SDK': '@aws-sdk/client-bedrock-runtime', 'the SDK 3.600': 'client-bedrock-runtime-3-600' },
    calls: [
      'Converse: chat anthropic.claude-3-haiku-20240307-v1:0',
      'ConverseStream: chat anthropic.claude-3-haiku-20240307-v1:0',
      'InvokeModel: chat anthropic.claude-3-haiku-20240307-v1:0',
      'InvokeModelWithResponseStream: chat anthropic.claude-3-haiku-20240307-v1:0',
      'Converse: chat ..',
    ],
    minify: [false, true],
    attributes: ['gen_ai.usage.output_tokens', 'gen_ai.output.messages'],
  },
  {
    entry: entryOf('bundled-agent.mjs'),
    sdk: '@aws-sdk/client-bedrock-agent-runtime',
    sdks: {
      'the newest client for agents': '@aws-sdk/client-bedrock-agent-runtime',
      'the client for agents of 3.600': 'client-bedrock-agent-runtime-3-600',
    },
    calls: ['InvokeAgent: invoke_agent', 'InvokeAgent: invoke_agent'],
    minify: [true],
    attributes: ['gen_ai.agent.id', 'gen_ai.output.messages'],
  },
];
const FORMATS = ['esm', 'cjs'] as const;
type Format = (typeof FORMATS)[number];

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

  for (const [bundler, bundle] of Object.entries({ esbuild: withEsbuild, rollup: withRollup })) {
    for (const application of APPLICATIONS) {
      for (const [sdkName, packageName] of Object.entries(application.sdks)) {
        for (const format of FORMATS) {
          for (const minify of application.minify) {
            it(`made by ${bundler} are traced with ${sdkName}, ${format}${minify ? ', minified' : ''}`, async () => {
              const program = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
              const { entry, calls, attributes: expected } = application;
              const sdk = dirname(createRequire(entry).resolve(`${packageName}/package.json`));
              writeFileSync(program, await bundle(application, sdk, format, minify));
              const plain = await runProgram([program, 'plain'], folder, simulator.url);
              const traced = await runProgram([program], folder, simulator.url);
              expect(plain.spans).to.deep.equal([]);
              expect(plain.answers).to.have.lengthOf(calls.length);
              expect(traced.answers).to.deep.equal(plain.answers);
              const named = traced.spans.map(({ name, attributes }) => `${attributes['app.operation']}: ${name}`);
              expect(named).to.deep.equal(calls);
              for (const { attributes } of traced.spans.slice(0, -1)) expect(attributes).to.include.keys(...expected);
            }).timeout(60_000);
          }
        }
      }
    }
  }
});
