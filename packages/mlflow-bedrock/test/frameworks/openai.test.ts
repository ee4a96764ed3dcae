/** OpenAI's SDK on Bedrock: how it is loaded, and what MLflow gets. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { acceptsSyncHooks, hookOpenAiModules, STATEMENT } from '../../src/autolog/openai-modules.js';
import { handOver } from '../../src/bundler/hand-over.js';
import { expectOneCall, openAiEnvironment } from '../support/openai.js';
import { IMPORT, REQUIRE, usePrograms } from '../support/programs.js';

describe("OpenAI's SDK", () => {
  const programs = usePrograms();

  it('is traced with --import in ES modules, with its provider for Bedrock, too', async () => {
    const { stderr, stdout, traces } = await programs.run([...IMPORT, 'openai.mjs'], {
      env: openAiEnvironment(programs),
    });
    expect(stderr).to.equal('');
    expect(stdout).to.include('completed');
    expect(traces).to.have.lengthOf(2);
    for (const trace of traces) expectOneCall(trace);
  });

  it('is traced with --require in CommonJS', async () => {
    const { stderr, traces } = await programs.run([...REQUIRE, 'openai.cjs'], { env: openAiEnvironment(programs) });
    expect(stderr).to.equal('');
    expect(traces).to.have.lengthOf(1);
    for (const trace of traces) expectOneCall(trace);
  });

  it('is handed over by the same statement as in bundles', () => {
    expect(handOver('class OpenAI {}')).to.equal(`class OpenAI {}${STATEMENT}`);
  });
});

describe('hookOpenAiModules()', () => {
  const { argv, getBuiltinModule } = process;
  const cwd = process.cwd();
  let folder: string;
  let calls: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'openai-modules-'));
    calls = [];
    process.chdir(folder);
    process.getBuiltinModule = (() => ({ register: () => calls.push('register') })) as never;
  });
  afterEach(() => {
    process.getBuiltinModule = getBuiltinModule;
    process.argv = argv;
    process.chdir(cwd);
    rmSync(folder, { recursive: true });
  });

  const run = (program: string): readonly string[] => {
    process.argv = ['node', join(folder, program)];
    hookOpenAiModules();
    return calls;
  };

  it('sets no hook without a package openai', () => {
    mkdirSync(join(folder, 'node_modules', '@langchain', 'openai'), { recursive: true });
    expect(run('app.mjs')).to.deep.equal([]);
  });

  for (const place of ['node_modules/openai', 'node_modules/.pnpm/node_modules/openai']) {
    it(`sets a hook with a package in ${place}, above the program`, () => {
      mkdirSync(join(folder, place), { recursive: true });
      expect(run('src/app.mjs')).to.deep.equal(['register']);
    });
  }

  it('starts no thread for hooks if the program is CommonJS', () => {
    mkdirSync(join(folder, 'node_modules', 'openai'), { recursive: true });
    expect(run('app.cjs')).to.deep.equal([]);
    expect(run('app.js')).to.deep.equal([]);
    writeFileSync(join(folder, 'package.json'), '{ "name": "app", "type": "module" }');
    expect(run('app.js')).to.deep.equal(['register']);
  });

  it('uses synchronous hooks only from the versions on in which Node.js takes CommonJS modules from them', () => {
    const accepting = ['22.22.3', '22.23.0', '24.11.1', '24.12.0', '25.1.0', '26.0.0'];
    const others = ['20.20.2', '22.15.0', '22.22.2', '23.11.1', '24.11.0', '25.0.0', ''];
    expect([...accepting, ...others].filter(acceptsSyncHooks)).to.deep.equal(accepting);
  });
});
