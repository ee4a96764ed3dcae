/** The ways to load the SDK and this package. Each runs in its own process with the built packages. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { BedrockInstrumentation } from '../../src/index.js';
import { runProgram } from '../support/programs.js';

const PROGRAMS = fileURLToPath(new URL('../programs/', import.meta.url));

interface Case {
  readonly args: readonly string[];
  /** Default: 1 */
  readonly calls?: number;
  /** Default: one for each call */
  readonly spans?: number;
}

const CASES: Readonly<Record<string, Case>> = {
  'CommonJS with --require': { args: ['--require', './setup.cjs', 'app.cjs'] },
  'ES modules with --import and no loader hook': { args: ['--import', './setup.mjs', 'app.mjs'] },
  'ES modules with a loader hook': { args: ['--import', './setup-with-hook.mjs', 'app.mjs'] },
  'an ES module application with the CommonJS build': { args: ['--require', './setup.cjs', 'app.mjs'] },
  'a CommonJS application with the ES module build': { args: ['--import', './setup.mjs', 'app.cjs'] },
  'both builds in one process': { args: ['--require', './setup.cjs', '--import', './setup.mjs', 'app.mjs'] },
  'the SDK 3.600 in CommonJS': { args: ['--require', './setup.cjs', 'app-3-600.cjs'] },
  'the SDK 3.600 in ES modules without a loader hook': { args: ['--import', './setup.mjs', 'app-3-600.mjs'] },
  'two copies of the SDK, 3.600 and the newest, in CommonJS': {
    args: ['--require', './setup.cjs', 'two-copies.cjs'],
    calls: 2,
  },
  'two copies of the SDK, 3.600 and the newest, in ES modules': {
    args: ['--import', './setup.mjs', 'two-copies.mjs'],
    calls: 2,
  },
  'the SDK first, then the instrumentation, in CommonJS': { args: ['loaded-before.cjs'] },
  'two copies of the SDK first, then the instrumentation, in ES modules': { args: ['loaded-before.mjs'], calls: 2 },
  'the SDK first, then manuallyInstrument()': { args: ['by-hand.mjs'] },
  'a module hook and manuallyInstrument()': { args: ['--import', './setup.mjs', 'by-hand.mjs'] },
  'a loader hook and manuallyInstrument()': { args: ['--import', './setup-with-hook.mjs', 'by-hand.mjs'] },
  'require() of the SDK when it is needed': { args: ['--require', './setup.cjs', 'lazy.cjs'] },
  'import() of the SDK when it is needed': { args: ['--import', './setup.mjs', 'lazy.mjs'] },
  'require() of an ES module that imports the SDK': { args: ['--require', './setup.cjs', 'require-esm.cjs'] },
  'a worker thread, with --import for all threads': {
    args: ['--import', './setup.mjs', 'in-worker.mjs', 'app.mjs', 'app.cjs'],
    calls: 2,
  },
  'a worker thread, with --require for all threads': {
    args: ['--require', './setup.cjs', 'in-worker.mjs', 'app.mjs', 'app.cjs'],
    calls: 2,
  },
  'a worker thread with its own instrumentation': { args: ['in-worker.mjs', 'worker-with-setup.mjs'] },
  'a worker thread without instrumentation beside an instrumented main thread': {
    args: ['main-only.mjs'],
    calls: 2,
    spans: 1,
  },
  'disable() and enable() between the calls of living clients': {
    args: ['--import', './setup.mjs', 'switched.mjs'],
    calls: 4,
    spans: 2,
  },
  'an instrumentation made disabled, and enabled after the SDK was loaded': {
    args: ['enabled-late.mjs'],
    calls: 2,
    spans: 1,
  },
};

const AGENT_CASES: typeof CASES = {
  'in CommonJS with --require': { args: ['--require', './setup.cjs', 'agent.cjs'] },
  'in ES modules with --import': { args: ['--import', './setup.mjs', 'agent.mjs'] },
  'of two copies of the SDK, 3.600 and the newest': {
    args: ['--require', './setup.cjs', 'agent-two-copies.cjs'],
    calls: 2,
  },
  'of an SDK that is loaded before the instrumentation': { args: ['agent-loaded-before.mjs'] },
};

const OPENAI_CASES: typeof CASES = {
  'in CommonJS with --require': { args: ['--require', './setup.cjs', 'openai.cjs'] },
  "in ES modules with OpenTelemetry's loader hook": { args: ['--import', './setup-with-hook.mjs', 'openai.mjs'] },
  'in ES modules with manuallyInstrument()': { args: ['openai-by-hand.mjs'] },
  'of two copies that are loaded before the instrumentation': { args: ['openai-loaded-before.cjs'], calls: 2 },
};

describe('loading', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());

  describe('the client for models', () => {
    let plain: unknown;
    before(async () => {
      const { answers, spans } = await runProgram(['app.mjs'], PROGRAMS, simulator.url);
      plain = answers[0];
      expect({ plain, spans }).to.deep.include({ spans: [] }).and.to.have.nested.property('plain.stopReason');
    });

    for (const [name, { args, calls = 1, spans: expected = calls }] of Object.entries(CASES)) {
      it(`traces calls: ${name}`, async () => {
        const { answers, spans } = await runProgram(args, PROGRAMS, simulator.url);
        expect(answers).to.deep.equal(Array<unknown>(calls).fill(plain));
        const names = Array<string>(expected).fill('chat amazon.nova-lite-v1:0');
        expect(spans.map((span) => span.name)).to.deep.equal(names);
        for (const { attributes } of spans) {
          expect(attributes).to.include.keys('gen_ai.usage.input_tokens', 'mlflow.spanOutputs');
        }
      });
    }
  });

  describe('the client for agents', () => {
    let plain: unknown;
    before(async () => {
      const { answers, spans } = await runProgram(['agent.mjs'], PROGRAMS, simulator.url);
      plain = answers[0];
      expect({ plain, spans }).to.deep.include({ spans: [] }).and.to.have.nested.property('plain.texts[0]');
    });

    for (const [name, { args, calls = 1 }] of Object.entries(AGENT_CASES)) {
      it(`traces calls ${name}`, async () => {
        const { answers, spans } = await runProgram(args, PROGRAMS, simulator.url);
        expect(answers).to.deep.equal(Array<unknown>(calls).fill(plain));
        expect(spans).to.have.lengthOf(calls);
        for (const { attributes } of spans) {
          expect(attributes).to.include({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.id': 'AGENT12345' });
          expect(attributes).to.include.keys('gen_ai.output.messages', 'mlflow.spanOutputs');
        }
      });
    }
  });

  describe("OpenAI's SDK", () => {
    let plain: unknown;
    before(async () => {
      const { answers, spans } = await runProgram(['openai.mjs'], PROGRAMS, simulator.url);
      plain = answers[0];
      expect({ plain, spans }).to.deep.include({ spans: [] }).and.to.have.nested.property('plain.choices[0]');
    });

    for (const [name, { args, calls = 1 }] of Object.entries(OPENAI_CASES)) {
      it(`traces calls ${name}`, async () => {
        const { answers, spans } = await runProgram(args, PROGRAMS, simulator.url);
        expect(answers).to.deep.equal(Array<unknown>(calls).fill(plain));
        expect(spans.map((span) => span.name)).to.deep.equal(Array(calls).fill('chat openai.gpt-oss-20b-1:0'));
      });
    }
  });

  it('takes three files, because each file costs time when the application starts', () => {
    const build = fileURLToPath(new URL('../../dist/', import.meta.url));
    const files = readdirSync(build, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
    for (const format of ['esm', 'cjs']) {
      // The entry and two that it shares with the entries "recording" and "requests", which are the others.
      expect(files.filter((file) => file.startsWith(format))).to.have.lengthOf(5);
    }
  });

  it('logs an error and lets the application start if the loaded modules cannot be listed', () => {
    const { getBuiltinModule } = process;
    const errors: string[] = [];
    const silent = () => undefined;
    const logger = { warn: silent, info: silent, debug: silent, verbose: silent };
    diag.setLogger({ ...logger, error: (...words) => errors.push(words.map(String).join(' ')) }, DiagLogLevel.ERROR);
    try {
      process.getBuiltinModule = undefined as never;
      new BedrockInstrumentation().disable();
    } finally {
      process.getBuiltinModule = getBuiltinModule;
      diag.disable();
    }
    expect(errors).to.have.lengthOf(1);
    expect(errors[0]).to.include('An AWS SDK that is loaded already cannot be found; use manuallyInstrument()');
  });
});
