/** Bun and Deno run the same packages, with the set-up of docs/runtimes.md. */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { otherRuntime } from 'testing/npm.js';
import { PROGRAMS, type RunOptions, usePrograms } from '../support/programs.js';

const PROGRAM = 'in-runtime.mjs';
const DENO_PERMISSIONS = ['--allow-env', '--allow-net', '--allow-read', '--allow-sys'];
const DENO_PRELOAD = ['--preload', 'npm:mlflow-bedrock/register'];
const TREE = [
  'agent',
  'agent > chat amazon.nova-lite-v1:0',
  'agent > chat amazon.nova-lite-v1:0',
  'agent > chat openai.gpt-oss-20b-1:0',
];
/** The host of the simulator. */
const ENV = { OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS: '127.0.0.1' };

describe('another runtime', function () {
  this.timeout(300_000);
  const programs = usePrograms();
  let bun: string;
  let deno: string;
  let folder: string;
  before(async () => {
    [bun, deno] = await Promise.all([otherRuntime('bun'), otherRuntime('deno')]);
    // Beside the programs, which find the packages there.
    folder = mkdtempSync(join(PROGRAMS, 'with-bunfig-'));
    writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["mlflow-bedrock/register"]\n');
    copyFileSync(join(PROGRAMS, PROGRAM), join(folder, PROGRAM));
  });
  after(() => rmSync(folder, { recursive: true }));

  const cases: Record<string, () => readonly [args: readonly string[], options: RunOptions]> = {
    'Bun with --preload': () => [['--preload', 'mlflow-bedrock/register', PROGRAM], { runtime: bun }],
    'Bun with preload in bunfig.toml': () => [[PROGRAM], { runtime: bun, cwd: folder }],
    'Bun at SIGTERM': () => [
      ['--preload', 'mlflow-bedrock/register', PROGRAM, 'keeps running'],
      { runtime: bun, kills: ['SIGTERM'] },
    ],
    'Deno with --preload and few permissions': () => [
      ['run', ...DENO_PERMISSIONS, ...DENO_PRELOAD, PROGRAM],
      { runtime: deno },
    ],
    'Deno at SIGTERM': () => [
      ['run', ...DENO_PERMISSIONS, ...DENO_PRELOAD, PROGRAM, 'keeps running'],
      { runtime: deno, kills: ['SIGTERM'] },
    ],
  };
  for (const [name, run] of Object.entries(cases)) {
    it(`traces an agent and its calls: ${name}`, async () => {
      const [args, options] = run();
      const { stdout, stderr, code, signal, traces } = await programs.run(args, { ...options, env: ENV });
      expect(stderr).to.equal('');
      expect({ code, signal }).to.deep.equal(
        options.kills ? { code: null, signal: 'SIGTERM' } : { code: 0, signal: null },
      );
      expect(JSON.parse(stdout)).to.have.lengthOf(3);
      expect(traces).to.have.lengthOf(1);
      const [trace] = traces;
      const names = new Map(trace?.spans.map((span) => [span.spanId, span.name]));
      const tree = trace?.spans.map(({ parentSpanId, name }) =>
        parentSpanId ? `${names.get(parentSpanId)} > ${name}` : name,
      );
      expect(tree?.sort()).to.deep.equal(TREE);
      expect(trace?.info.state).to.equal('OK');
      expect(trace?.info.tokenUsage).to.include({ inputTokens: 3, outputTokens: 75, totalTokens: 78 });
    });
  }
});
