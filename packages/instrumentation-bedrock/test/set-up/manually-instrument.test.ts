/** `manuallyInstrument()` with the exports of each traced package, with several at once, and with wrong ones. */

import { createRequire } from 'node:module';
import * as agentRuntime from '@aws-sdk/client-bedrock-agent-runtime';
import * as agentCore from '@aws-sdk/client-bedrock-agentcore';
import * as runtime from '@aws-sdk/client-bedrock-runtime';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { expect } from 'chai';
import { type BedrockClientExports, BedrockInstrumentation } from '../../src/index.js';
import { startTracing, type Tracing } from '../support/tracing.js';

const SERVICES = {
  BedrockRuntimeClient: ['Bedrock Runtime', '@aws-sdk/client-bedrock-runtime'],
  BedrockAgentRuntimeClient: ['Bedrock Agent Runtime', '@aws-sdk/client-bedrock-agent-runtime'],
  BedrockAgentCoreClient: ['Bedrock AgentCore', '@aws-sdk/client-bedrock-agentcore'],
} as const;
type ClientName = keyof typeof SERVICES;
const NAMES = Object.keys(SERVICES) as ClientName[];

/** A client class with a `send` of its own, like that of a client which is bundled with a copy of the SDK. */
function bundledClient(name: ClientName): {
  new (): { send(command: object): Promise<unknown> };
  readonly prototype: object;
} {
  return class {
    readonly config = { serviceId: SERVICES[name][0] };
    async send(_command: object): Promise<unknown> {
      return { $metadata: {} };
    }
  };
}

describe('manuallyInstrument()', () => {
  let tracing: Tracing;
  let lines: string[];
  beforeEach(() => {
    lines = [];
    tracing = startTracing();
    const log = (...words: unknown[]): void => void lines.push(words.map(String).join(' '));
    diag.setLogger({ error: log, warn: log, info: () => {}, debug: () => {}, verbose: () => {} }, DiagLogLevel.WARN);
  });
  afterEach(async () => {
    diag.disable();
    await tracing.close();
  });

  for (const name of NAMES) {
    it(`traces a ${name}, also if it is the only class that it gets`, async () => {
      const Client = bundledClient(name);
      tracing.instrumentation.manuallyInstrument({ [name]: Client });
      class PlainCommand {
        readonly input = {};
      }
      await new Client().send(new PlainCommand());
      expect(tracing.spans().map((span) => span.name)).to.deep.equal(['plain']);
      expect(lines).to.deep.equal([]);
    });
  }

  it('traces all classes that it gets, each with its own copy of the SDK', async () => {
    const clients = Object.fromEntries(NAMES.map((name) => [name, bundledClient(name)]));
    tracing.instrumentation.manuallyInstrument(clients as BedrockClientExports);
    for (const Client of Object.values(clients)) await new Client().send({ input: {}, schema: ['', '', 'Plain'] });
    expect(tracing.spans()).to.have.lengthOf(3);
    expect(lines).to.deep.equal([]);
  });

  it('accepts the exports of each package, of all together, and of an old release', () => {
    const old = createRequire(import.meta.url)('client-bedrock-agent-runtime-3-600') as typeof agentRuntime;
    const instrumentation = new BedrockInstrumentation();
    for (const exports of [runtime, agentRuntime, agentCore, { ...runtime, ...agentRuntime, ...agentCore }, old]) {
      instrumentation.manuallyInstrument(exports);
    }
    instrumentation.disable();
    expect(lines).to.deep.equal([]);
  });

  it('logs what to pass if it gets no client of Bedrock', () => {
    for (const exports of [{}, undefined, { S3Client: class {} }]) {
      tracing.instrumentation.manuallyInstrument(exports as object);
    }
    expect(lines).to.have.lengthOf(3);
    for (const line of lines) {
      expect(line.replace(/^\S+ /, '')).to.equal(
        'manuallyInstrument() was given no client of @aws-sdk/client-bedrock-runtime, ' +
          '@aws-sdk/client-bedrock-agent-runtime, @aws-sdk/client-bedrock-agentcore, openai; pass the exports of one: ' +
          "import * as sdk from '@aws-sdk/client-bedrock-runtime'",
      );
    }
  });

  it('names the class that it cannot instrument, and traces the others', async () => {
    const Client = bundledClient('BedrockRuntimeClient');
    tracing.instrumentation.manuallyInstrument({
      BedrockRuntimeClient: Client,
      BedrockAgentRuntimeClient: class {},
    });
    await new Client().send({ input: {}, schema: ['', '', 'Plain'] });
    expect(tracing.spans()).to.have.lengthOf(1);
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).to.deep.equal([
      'manuallyInstrument() cannot instrument BedrockAgentRuntimeClient, because its send() is missing or frozen; ' +
        'pass the class that @aws-sdk/client-bedrock-agent-runtime exports',
    ]);
  });
});
