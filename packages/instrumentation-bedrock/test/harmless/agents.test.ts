/** Calls of agents and knowledge bases with and without the instrumentation, also with an application's odd inputs. */

import { createRequire } from 'node:module';
import * as sdk from '@aws-sdk/client-bedrock-agent-runtime';
import { context, DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { type ReceivedRequest, type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { errorView, sameAsUntraced, shapeOf, turns } from '../support/compare.js';
import { createAgentRuntimeClient } from '../support/knowledge-base.js';
import { OLD_CLIENTS } from '../support/streaming.js';
import { collect, startTracing, type Tracing } from '../support/tracing.js';

const INVOKE: sdk.InvokeAgentCommandInput = {
  agentId: 'AGENT12345',
  agentAliasId: 'ALIAS12345',
  sessionId: 'session-1',
  inputText: 'When is the ferry?',
  enableTrace: true,
};
const QUESTION = { text: 'Which ferry takes cars?' };
const FOUND = {
  content: { type: 'TEXT', text: 'The large ferry takes cars.' },
  location: { type: 'S3', s3Location: { uri: 's3://harbour/ferries.txt' } },
  score: 0.5,
};
const THROTTLED = {
  type: 'throttlingException',
  messageType: 'exception',
  payload: { message: 'Slow down.' },
} as const;

const trailOf = (step: object): object => ({
  agentId: INVOKE.agentId,
  sessionId: INVOKE.sessionId,
  callerChain: [{ agentAliasArn: 'arn:aws:bedrock:us-east-1:123456789012:agent-alias/AGENT12345/ALIAS12345' }],
  eventTime: '2026-03-01T10:00:02.000Z',
  trace: { orchestrationTrace: step },
});
const traceId = '0a1b2c3d-0000-4000-8000-000000000001-0';
/** A turn with one model call, whose answer comes in three chunks. */
const TURN = [
  {
    type: 'trace',
    payload: trailOf({
      modelInvocationInput: { traceId, type: 'ORCHESTRATION', foundationModel: 'amazon.nova-lite-v1:0', text: 'When?' },
    }),
  },
  ...['At nine', ' and', ' at noon.'].map((text) => ({
    type: 'chunk',
    payload: { bytes: Buffer.from(text).toString('base64') },
  })),
  {
    type: 'trace',
    payload: trailOf({
      modelInvocationOutput: {
        traceId,
        metadata: {
          startTime: '2026-03-01T10:00:00.000000000Z',
          endTime: '2026-03-01T10:00:01.500000000Z',
          usage: { inputTokens: 30, outputTokens: 9 },
        },
        rawResponse: { content: 'At nine and at noon.' },
      },
    }),
  },
] as const;

function answer({ path, method }: ReceivedRequest): SimulatedResponse | undefined {
  if (/^\/agents\//.test(path)) return { events: [...TURN] };
  if (/\/retrieve$/.test(path)) return { body: { retrievalResults: [FOUND] } };
  if (/^\/retrieveAndGenerate$/.test(path))
    return { body: { sessionId: 'session-2', output: { text: 'The large one.' } } };
  if (/^\/rerank$/.test(path)) return { body: { results: [{ index: 0, relevanceScore: 0.9 }] } };
  if (/^\/sessions\/?$/.test(path) && method === 'PUT') {
    const session = { sessionId: 'session-3', sessionArn: 'arn:aws:bedrock:us-east-1:123456789012:session/session-3' };
    return { status: 201, body: { ...session, sessionStatus: 'ACTIVE', createdAt: '2026-03-01T10:00:00Z' } };
  }
  return undefined;
}

const COMMANDS: Readonly<Record<string, () => object>> = {
  InvokeAgent: () => new sdk.InvokeAgentCommand(INVOKE),
  InvokeInlineAgent: () =>
    new sdk.InvokeInlineAgentCommand({
      sessionId: 'session-1',
      foundationModel: 'amazon.nova-lite-v1:0',
      instruction: 'Answer the questions of people who plan a trip.',
      inputText: 'When is the ferry?',
    }),
  Retrieve: () => new sdk.RetrieveCommand({ knowledgeBaseId: 'KB12345678', retrievalQuery: QUESTION }),
  RetrieveAndGenerate: () => new sdk.RetrieveAndGenerateCommand({ input: QUESTION }),
  Rerank: () =>
    new sdk.RerankCommand({
      queries: [{ type: 'TEXT', textQuery: QUESTION }],
      sources: [{ type: 'INLINE', inlineDocumentSource: { type: 'TEXT', textDocument: { text: 'Ferries.' } } }],
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: { modelConfiguration: { modelArn: 'amazon.rerank-v1:0' } },
      },
    }),
  CreateSession: () => new sdk.CreateSessionCommand({}),
};

/** All that the application sees of an output, its events included. */
async function viewOf(output: object): Promise<unknown> {
  const { $metadata, completion, ...members } = output as sdk.InvokeAgentCommandOutput;
  // They differ between two calls.
  const { requestId, totalRetryDelay, ...metadata } = $metadata;
  return { ...members, metadata, id: typeof requestId, events: await collect(completion) };
}

describe('calls of agents and knowledge bases are the same with and without tracing', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: sdk.BedrockAgentRuntimeClient;
  let respond: (request: ReceivedRequest) => SimulatedResponse | undefined;
  let lines: string[];
  before(async () => {
    simulator = await startSimulator({ respond: (request) => respond(request) });
  });
  after(() => simulator.close());
  beforeEach(() => {
    respond = answer;
    lines = [];
    tracing = startTracing();
    tracing.instrumentation.manuallyInstrument(OLD_CLIENTS);
    client = createAgentRuntimeClient(simulator.url);
    const log = (...words: unknown[]): void => void lines.push(words.map(String).join(' '));
    diag.setLogger({ error: log, warn: log, info: () => {}, debug: () => {}, verbose: () => {} }, DiagLogLevel.WARN);
  });
  afterEach(async () => {
    client.destroy();
    await tracing.close();
    diag.disable();
    expect(lines).to.deep.equal([]);
  });

  const send = (command: object, ...rest: unknown[]): Promise<object> =>
    (client.send as (...args: unknown[]) => Promise<object>).call(client, command, ...rest);
  const topSpans = () => tracing.spans().filter(({ parentSpanContext }) => !parentSpanContext);

  for (const [name, create] of Object.entries(COMMANDS)) {
    it(`returns the same from ${name}: as a promise, with the same prototypes and flags, and in callbacks`, async () => {
      await sameAsUntraced(tracing, async () => viewOf(await send(create())));
      await sameAsUntraced(tracing, async () => {
        const promise = send(create());
        const output = await promise;
        const shape = shapeOf(output);
        return [Object.getPrototypeOf(promise) === Promise.prototype, shape, await viewOf(output)];
      });
      const caller = trace.getTracer('test').startSpan('caller');
      await sameAsUntraced(tracing, () =>
        context.with(trace.setSpan(context.active(), caller), async () => {
          const seen: unknown[] = [];
          for (const options of [[], [{ requestTimeout: 5000 }]]) {
            const { error, output, active } = await new Promise<Record<string, unknown>>((resolve) => {
              const callback = (failure: unknown, got: unknown) =>
                resolve({ error: failure, output: got, active: trace.getActiveSpan() === caller });
              expect(send(create(), ...options, callback)).to.equal(undefined);
            });
            seen.push([error, active, await viewOf(output as object)]);
          }
          return seen;
        }),
      );
      const calls = tracing.spans().filter(({ attributes }) => attributes['aws.request_id'] !== undefined);
      expect(calls).to.have.lengthOf(4);
    });

    it(`reads the input of ${name} only, also if it is frozen, a proxy, or has getters that throw`, async () => {
      const { input } = create() as { input: object };
      const writes: PropertyKey[] = [];
      const watched = new Proxy(input, {
        set: (_, key) => writes.push(key) > 0,
        defineProperty: (_, key) => writes.push(key) > 0,
        deleteProperty: (_, key) => writes.push(key) > 0,
      });
      const thrown = new Error('from a getter');
      const trapped = Object.defineProperty({ ...input }, 'notOfTheApi', {
        enumerable: true,
        get: () => {
          throw thrown;
        },
      });
      for (const given of [Object.freeze({ ...input }), watched, trapped]) {
        await sameAsUntraced(tracing, async () => {
          const command = Object.assign(create(), { input: given });
          return send(command).then(viewOf, (error: unknown) => (error === thrown ? 'thrown' : errorView(error)));
        });
      }
      expect(writes).to.deep.equal([]);
      lines = lines.filter((line) => !line.includes('(said once)'));
    });

    it(`returns the same from ${name} with cached handlers, of several calls at once`, async () => {
      await sameAsUntraced(tracing, async () => {
        client.destroy();
        // Handlers of an untraced call would lack the middleware.
        client = createAgentRuntimeClient(simulator.url, { cacheMiddleware: true });
        const outputs = await Promise.all([1, 2, 3].map(() => send(create())));
        return Promise.all(outputs.map(viewOf));
      });
      const calls = tracing.spans().filter(({ attributes }) => attributes['aws.request_id'] !== undefined);
      expect(calls).to.have.lengthOf(3);
      for (const { attributes } of calls) {
        expect(attributes).to.include({ 'server.address': '127.0.0.1' });
      }
    });
  }

  it('returns the same from the aggregated client', async () => {
    const aggregated = new sdk.BedrockAgentRuntime({
      region: 'us-east-1',
      endpoint: simulator.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    await sameAsUntraced(tracing, async () => [
      await viewOf(await aggregated.invokeAgent(INVOKE)),
      await viewOf(await aggregated.retrieve({ knowledgeBaseId: 'KB12345678', retrievalQuery: QUESTION })),
    ]);
    aggregated.destroy();
    expect(topSpans().map(({ name }) => name)).to.deep.equal(['invoke_agent', 'retrieval KB12345678']);
  });

  it('retries an exception in the first frame as often, in one span with the number of resends', async () => {
    let failures = 0;
    respond = (request) => (failures-- > 0 ? { events: [THROTTLED] } : answer(request));
    client.destroy();
    client = createAgentRuntimeClient(simulator.url, { maxAttempts: 2 });
    const seen = await sameAsUntraced(tracing, async () => {
      failures = 1;
      const { length } = simulator.requests;
      const view = await viewOf(await send(COMMANDS['InvokeAgent']!()));
      return [view, simulator.requests.length - length];
    });
    expect(seen).to.have.property('1', 2);
    expect(topSpans()).to.have.lengthOf(1);
    expect(topSpans()[0]?.attributes).to.include({ 'http.request.resend_count': 1 });
  });

  for (const [version, library, attempts] of [
    ['the newest SDK, which retries', sdk, 2],
    [
      'SDK 3.600, whose iterator throws it',
      createRequire(import.meta.url)('client-bedrock-agent-runtime-3-600') as typeof sdk,
      1,
    ],
  ] as const) {
    it(`fails the same for an exception in the first frame with ${version}`, async () => {
      respond = () => ({ events: [THROTTLED] });
      const failing = new library.BedrockAgentRuntimeClient({
        region: 'us-east-1',
        endpoint: simulator.url,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        maxAttempts: 2,
      });
      const seen = await sameAsUntraced(tracing, async () => {
        const { length } = simulator.requests;
        const error = await failing
          .send(new library.InvokeAgentCommand(INVOKE))
          .then(({ completion }) => collect(completion))
          .catch(errorView);
        return [error, simulator.requests.length - length];
      });
      failing.destroy();
      expect(seen).to.have.deep.property('0', {
        error: 'ThrottlingException',
        message: 'Slow down.',
        class: 'ThrottlingException',
      });
      expect(seen).to.have.property('1', attempts);
      expect(topSpans().map(({ attributes }) => attributes['error.type'])).to.deep.equal(['ThrottlingException']);
    });
  }

  for (const how of ['breaks', 'has the instrumentation disabled'] as const) {
    it(`has what it received and the spans of what the agent did if the application ${how} in mid-stream`, async () => {
      const read = async (count: number, then: () => boolean): Promise<string[]> => {
        const { completion } = (await send(COMMANDS['InvokeAgent']!())) as sdk.InvokeAgentCommandOutput;
        const kinds: string[] = [];
        for await (const event of completion ?? []) {
          kinds.push(Object.keys(event).join());
          if (kinds.length === count && then()) break;
        }
        return kinds;
      };
      if (how === 'breaks') await sameAsUntraced(tracing, () => read(2, () => true));
      else {
        const kinds = await read(2, () => {
          tracing.instrumentation.disable();
          return false;
        });
        expect(kinds).to.deep.equal(TURN.map(({ type }) => type));
      }
      await turns(2);
      const [top] = topSpans();
      expect(top?.attributes['gen_ai.output.messages']).to.include('At nine').and.to.not.include('noon');
      expect(top?.status.code).to.equal(0);
      const below = tracing.spans().filter(({ parentSpanContext }) => parentSpanContext);
      expect(below.map(({ name, parentSpanContext }) => [name, parentSpanContext?.spanId])).to.deep.equal([
        ['chat amazon.nova-lite-v1:0', top?.spanContext().spanId],
      ]);
    });
  }

  it('has its stub answer: one that replaces send of the client, and one in the middleware', async () => {
    const chunks = [{ chunk: { bytes: Buffer.from('stubbed') } }];
    const completion = (): AsyncIterable<object> => ({
      async *[Symbol.asyncIterator]() {
        yield* chunks;
      },
    });
    const prototype = sdk.BedrockAgentRuntimeClient.prototype as { send?: unknown };
    Object.defineProperty(prototype, 'send', {
      value: async () => ({ $metadata: {}, completion: completion() }),
      configurable: true,
    });
    try {
      expect(await viewOf(await send(COMMANDS['InvokeAgent']!()))).to.deep.include({ events: chunks });
    } finally {
      delete prototype.send;
    }
    expect(tracing.spans()).to.have.lengthOf(0);
    client.middlewareStack.add(
      () => async () => ({ output: { $metadata: {}, completion: completion() }, response: {} }) as never,
      { step: 'initialize', priority: 'high' },
    );
    await sameAsUntraced(tracing, async () => viewOf(await send(COMMANDS['InvokeAgent']!())));
    expect(topSpans()).to.have.lengthOf(1);
    expect(topSpans()[0]?.attributes['gen_ai.output.messages']).to.include('stubbed');
  });

  it('has its stacks unchanged, except for the one named middleware on the client', async () => {
    const named = (): string[] => client.middlewareStack.identify().map((line) => line.replace(/^.*: /, ''));
    const plain = named();
    for (const create of Object.values(COMMANDS)) {
      const command = create() as { middlewareStack: { identify(): string[] } };
      const own = command.middlewareStack.identify();
      await viewOf(await send(command));
      expect(command.middlewareStack.identify()).to.deep.equal(own);
    }
    expect(named()).to.deep.equal([...plain, 'opentelemetry-instrumentation-bedrock - deserialize']);
  });

  it('may refuse all middleware: calls work and are traced without the server', async () => {
    client.middlewareStack.add = () => {
      throw new Error('is closed');
    };
    Object.freeze(client.middlewareStack);
    await sameAsUntraced(tracing, async () => viewOf(await send(COMMANDS['InvokeAgent']!())));
    expect(topSpans()[0]?.attributes).to.include.keys('gen_ai.output.messages', 'aws.request_id');
    expect(topSpans()[0]?.attributes).to.not.have.property('server.address');
    expect(lines).to.have.lengthOf(1);
    expect(lines.pop()).to.include('adding a middleware failed');
  });

  it('has no content read, and no hook called, if the span is not recorded', async () => {
    await tracing.close();
    let hooks = 0;
    const hook = (): undefined => {
      hooks++;
    };
    const sampler = { shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }) };
    tracing = startTracing({ sampler, config: { contentHook: hook, requestHook: hook, responseHook: hook } });
    for (const [name, create] of Object.entries(COMMANDS)) {
      const count = async (): Promise<Record<string, number>> => {
        const reads: Record<string, number> = {};
        const command = create() as { input: object };
        command.input = new Proxy(command.input, {
          get(target, key) {
            reads[String(key)] = (reads[String(key)] ?? 0) + 1;
            return Reflect.get(target, key) as unknown;
          },
        });
        await viewOf(await send(command));
        return reads;
      };
      tracing.instrumentation.disable();
      const plain = await count();
      tracing.instrumentation.enable();
      const traced = await count();
      for (const key of ['inputText', 'retrievalQuery', 'input', 'queries', 'sources', 'instruction']) {
        expect(traced[key], `${name} ${key}`).to.equal(plain[key]);
      }
    }
    expect(hooks).to.equal(0);
    expect(tracing.spans()).to.deep.equal([]);
  });
});
