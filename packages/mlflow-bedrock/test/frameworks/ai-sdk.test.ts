/** Tracing of AI SDK 7 without a line of code. The examples' tests run the real packages, which need Node.js 22. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { expect } from 'chai';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { runNode } from 'testing/run.js';
import { traceAiSdk } from '../../src/autolog/ai-sdk.js';
import { setContentConfig } from '../../src/current-trace/content-config.js';

const REGISTER = fileURLToPath(import.meta.resolve('mlflow-bedrock/register'));

interface Integration {
  onStart?: (event: object) => unknown;
  executeTool?: (event: object) => unknown;
  onEnd?: (event: object) => unknown;
}

const registry = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: Integration[] | undefined };
/** Where the package below puts the events that it gets. */
const received = globalThis as { aiSdkEvents?: unknown[] };

const OTEL = `exports.OpenTelemetry = class OpenTelemetry {
  constructor(options) { this.options = options; }
  onStart(event) { globalThis.aiSdkEvents.push(event); return this.options; }
};`;

describe('AI SDK 7', () => {
  const [, program = ''] = process.argv;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-sdk-'));
    process.argv[1] = join(folder, 'app.js');
    received.aiSdkEvents = [];
    setContentConfig(undefined);
  });
  afterEach(() => {
    process.argv[1] = program;
    delete registry.AI_SDK_TELEMETRY_INTEGRATIONS;
    delete received.aiSdkEvents;
    setContentConfig(undefined);
    diag.disable();
    rmSync(folder, { recursive: true });
  });

  /** Installs a package with the name and the interface of the AI SDK's. */
  function install(code: string): void {
    const path = join(folder, 'node_modules/@ai-sdk/otel');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'index.js'), code);
  }

  it('is left alone if @ai-sdk/otel is not installed', async () => {
    const { NODE_PATH: _, ...env } = process.env;
    const code = 'console.log(Object.keys(globalThis).filter((name) => name.startsWith("AI_SDK")))';
    const { output } = await runNode(['--require', REGISTER, '-e', code], { cwd: folder, env });
    expect(output).to.equal('[]\n');
  });

  it('gets its own integration, with the names of agents and without embeddings and headers', () => {
    install(OTEL);
    traceAiSdk();
    const [integration, ...others] = registry.AI_SDK_TELEMETRY_INTEGRATIONS ?? [];
    expect(others).to.deep.equal([]);
    const event = { callId: '1', messages: ['a prompt'] };
    expect(integration?.onStart?.(event)).to.deep.equal({
      agentSpanName: 'functionId',
      runtimeContext: true,
      reranking: true,
      usage: true,
    });
    expect(received.aiSdkEvents).to.deep.equal([event]);
    expect(integration).to.not.have.property('executeTool');
  });

  it('gets none for events of version 6, which has spans of its own', () => {
    install(OTEL);
    traceAiSdk();
    registry.AI_SDK_TELEMETRY_INTEGRATIONS?.[0]?.onStart?.({ model: {}, messages: [] });
    expect(received.aiSdkEvents).to.deep.equal([]);
  });

  it('runs a tool that it does not trace, because its event is not one of version 7', () => {
    install('exports.OpenTelemetry = class { executeTool({ execute }) { return execute(); } };');
    traceAiSdk();
    const [integration] = registry.AI_SDK_TELEMETRY_INTEGRATIONS ?? [];
    const execute = () => 'sunny';
    for (const event of [{ execute }, { callId: '1', execute }]) {
      expect(integration?.executeTool?.(event)).to.equal('sunny');
    }
  });

  it('decides alone if the application registers an integration, before or after', () => {
    install(OTEL);
    const own: Integration = { onStart: () => 'own' };
    for (const order of ['before', 'after']) {
      registry.AI_SDK_TELEMETRY_INTEGRATIONS = order === 'before' ? [own] : [];
      traceAiSdk();
      if (order === 'after') registry.AI_SDK_TELEMETRY_INTEGRATIONS.push(own);
      const listening = registry.AI_SDK_TELEMETRY_INTEGRATIONS.filter(({ onStart }) => onStart);
      expect(listening, order).to.deep.equal([own]);
    }
  });

  it('is not traced while autolog() is disabled', () => {
    install(OTEL);
    const tracing = traceAiSdk();
    const [integration] = registry.AI_SDK_TELEMETRY_INTEGRATIONS ?? [];
    tracing?.disable();
    expect(integration?.onStart).to.equal(undefined);
    tracing?.enable();
    expect(integration?.onStart).to.be.a('function');
  });

  for (const [name, options] of [
    ['content is off', { captureMessageContent: false }],
    ['a contentHook is set, which cannot read its content', { contentHook: () => undefined }],
  ] as const) {
    it(`records no content if ${name}`, () => {
      install(OTEL);
      setContentConfig(resolveConfig(options, {}, () => {}));
      traceAiSdk();
      class Refusal extends Error {
        readonly statusCode = 403;
      }
      const error = new Refusal('secret');
      class Event {
        readonly callId = '1';
        readonly recordInputs = undefined;
        readonly stopSequences = ['secret'];
        readonly error = error;
        readonly toolOutput = Object.freeze({ type: 'tool-error', error });
        readonly content = [
          { type: 'text', text: 'an answer' },
          Object.freeze({ type: 'tool-error', error: 'secret' }),
        ];
        get steps(): number {
          return 3;
        }
      }
      const event = Object.freeze(new Event());
      registry.AI_SDK_TELEMETRY_INTEGRATIONS?.[0]?.onStart?.(event);
      const [seen] = received.aiSdkEvents as [Event];
      expect(seen).to.include({ callId: '1', recordInputs: false, recordOutputs: false, steps: 3 });
      for (const bare of [seen.error, seen.toolOutput.error]) {
        expect(bare).to.be.instanceOf(Refusal).and.include({ name: 'Error', message: '', statusCode: 403 });
        expect(bare.stack).to.equal(undefined);
      }
      expect(inspect(seen.content) + seen.stopSequences).to.not.contain('secret');
      expect(event, 'the application’s event').to.include({ recordInputs: undefined, steps: 3, error });
      expect(error.message).to.equal('secret');
    });
  }

  it('is not traced if its package cannot be loaded, which one warning says', () => {
    const lines: string[] = [];
    const log = (message: string) => lines.push(message);
    const ignore = (): void => {};
    diag.setLogger({ error: log, warn: log, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.ALL);
    install('throw new TypeError("secret");');
    traceAiSdk();
    const [integration] = registry.AI_SDK_TELEMETRY_INTEGRATIONS ?? [];
    expect(integration?.onStart).to.equal(undefined);
    expect(integration?.onEnd).to.equal(undefined);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(
      /^mlflow-bedrock: @ai-sdk\/otel cannot be loaded, so calls of the AI SDK are not traced\. Use Node\.js 22\.12 or newer, or register it in the application: registerTelemetry\(new OpenTelemetry\(\)\) \(TypeError/,
    );
    expect(lines[0]).to.not.contain('secret');
  });
});
