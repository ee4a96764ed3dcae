/** Hostile and broken data: no secret is emitted, no prototype is polluted, time and memory are bounded. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { type Simulator, type StreamEvent, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const TITAN = 'amazon.titan-text-lite-v1';
const CONVERSE: sdk.ConverseCommandInput = { modelId: MODEL, messages: [{ role: 'user', content: [{ text: 'Hi' }] }] };
const METRICS = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 1, outputTokenCount: 2 } };

/** What the application sees of a call. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (output) => {
      const { $metadata, body, ...rest } = output as { $metadata: unknown; body?: { transformToString?(): string } };
      return { ...rest, body: body?.transformToString?.() };
    },
    (error: Error) => ({ error: error.name, message: error.message }),
  );
}

/** The number of levels of a value, counted without recursion. */
function depth(value: unknown): number {
  let deepest = 0;
  const pending: [unknown, number][] = [[value, 0]];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [item, level] = next;
    deepest = Math.max(deepest, level);
    if (typeof item === 'object' && item !== null) {
      for (const member of Object.values(item)) pending.push([member, level + 1]);
    }
  }
  return deepest;
}

/** Parses JSON text; returns other values unchanged. */
function parsed(value: unknown): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return value;
  }
}

describe('safety', () => {
  let tracing: Tracing;
  let simulator: Simulator;
  let answer:
    | { body?: unknown; events?: Iterable<StreamEvent>; status?: number; headers?: Record<string, string> }
    | undefined;
  let client: sdk.BedrockRuntimeClient;
  let lines: string[];
  before(async () => {
    simulator = await startSimulator({ respond: () => answer });
  });
  after(() => simulator.close());
  beforeEach(() => {
    answer = undefined;
    client = createClient(simulator.url);
    tracing = startTracing({ withMetrics: true });
    lines = [];
    const log = (...args: unknown[]): void => void lines.push(args.map(String).join(' '));
    const logger: DiagLogger = { error: log, warn: log, info: log, debug: log, verbose: log };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  });
  afterEach(async () => {
    client.destroy();
    diag.disable();
    await tracing.close();
  });

  /** Makes a call with the instrumentation off and on. Expects the same outcome. */
  async function compare(call: () => Promise<unknown>): Promise<unknown> {
    tracing.instrumentation.disable();
    const plain = await outcome(call());
    tracing.instrumentation.enable();
    const traced = await outcome(call());
    expect(traced).to.deep.equal(plain);
    return traced;
  }

  const said = (): string[] => lines.filter((line) => line.includes('said once'));

  describe('keeps credentials out of spans, events, metrics and diag', () => {
    const SECRETS = {
      key: 'AKIAPLANTEDSECRET012',
      secret: 'planted/secret+access/key/0123456789abcd',
      session: 'IQoJplantedSessionToken//////////0123==',
      bearer: 'ABSKplantedBearerToken0123456789==',
    };
    const signature = 'f00dplantedsignature0123456789abcdef';
    const header = `AWS4-HMAC-SHA256 Credential=${SECRETS.key}/20261121/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`;
    /** In the words of AWS. */
    const MESSAGES: Readonly<Record<string, string>> = {
      'a signature header': `Authorization header requires existence of a 'X-Amz-Date' header. Authorization=${header}`,
      'a bearer token': `'Bearer ${SECRETS.bearer}' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer ${SECRETS.bearer}'.`,
      'a canonical request': `The Canonical String for this request should have been\n'POST\n/model/a/converse\n\nhost:bedrock\nx-amz-date:20261121T000000Z\nx-amz-security-token:${SECRETS.session}\n\nhost;x-amz-date;x-amz-security-token\nf00d'`,
      'a signed URL': `cannot read https://host/?X-Amz-Credential=${SECRETS.key}%2F2026&X-Amz-Security-Token=${SECRETS.session}&X-Amz-Signature=${signature}`,
      'JSON of headers': JSON.stringify({ authorization: header, 'x-amz-security-token': SECRETS.session }),
      'the values alone': `bad: ${SECRETS.bearer} ${SECRETS.session} ${SECRETS.secret}`,
    };
    const VARIABLES = {
      AWS_BEARER_TOKEN_BEDROCK: SECRETS.bearer,
      AWS_SESSION_TOKEN: SECRETS.session,
      AWS_SECRET_ACCESS_KEY: SECRETS.secret,
    };
    let saved: NodeJS.ProcessEnv;
    beforeEach(() => {
      saved = { ...process.env };
    });
    afterEach(() => {
      for (const name of Object.keys(VARIABLES)) {
        if (saved[name] === undefined) delete process.env[name];
        else process.env[name] = saved[name];
      }
      delete process.env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'];
    });

    async function emitted(): Promise<string> {
      const spans = tracing.spans().map(({ name, attributes, events, status, resource, links }) => {
        return { name, attributes, events, status, resource: resource.attributes, links };
      });
      const events = tracing.events().map(({ eventName, attributes, body }) => ({ eventName, attributes, body }));
      return JSON.stringify({ spans, events, metrics: [...(await tracing.metrics())], lines });
    }

    async function expectNoSecret(): Promise<void> {
      const text = await emitted();
      for (const [name, secret] of Object.entries({ ...SECRETS, signature })) {
        expect(text.includes(secret), `${name} in what was emitted`).to.equal(false);
      }
    }

    async function callAll(config: sdk.BedrockRuntimeClientConfig): Promise<void> {
      process.env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'] = 'SPAN_AND_EVENT';
      const rethrow: BedrockInstrumentationConfig['responseHook'] = (_span, { error }) => {
        if (error) throw error;
      };
      tracing.instrumentation.setConfig({ responseHook: rethrow });
      const secretive = createClient(simulator.url, config);
      await secretive.send(new sdk.ConverseCommand(CONVERSE));
      await collect((await secretive.send(new sdk.ConverseStreamCommand(CONVERSE))).stream);
      await secretive.send(new sdk.InvokeModelCommand({ modelId: TITAN, body: '{"inputText":"Hi"}' }));
      for (const message of Object.values(MESSAGES)) {
        answer = { status: 403, headers: { 'x-amzn-errortype': 'InvalidSignatureException' }, body: { message } };
        await secretive.send(new sdk.ConverseCommand(CONVERSE)).catch(() => undefined);
      }
      secretive.destroy();
      expect(tracing.spans()).to.have.lengthOf(3 + Object.keys(MESSAGES).length);
      expect(said(), 'the hook that throws the error').to.have.lengthOf(1);
    }

    it('with static credentials and a session token in environment and requests', async () => {
      Object.assign(process.env, VARIABLES);
      delete process.env['AWS_BEARER_TOKEN_BEDROCK'];
      process.env['AWS_BEARER_TOKEN_BEDROCK'] = SECRETS.bearer;
      await callAll({
        authSchemePreference: ['sigv4'],
        credentials: { accessKeyId: SECRETS.key, secretAccessKey: SECRETS.secret, sessionToken: SECRETS.session },
      });
      expect(simulator.requests.at(-1)?.headers['x-amz-security-token'], 'sent').to.equal(SECRETS.session);
      await expectNoSecret();
    });

    it('with a bearer token in environment and requests', async () => {
      Object.assign(process.env, VARIABLES);
      const token: sdk.BedrockRuntimeClientConfig = {
        token: { token: SECRETS.bearer },
        authSchemePreference: ['httpBearerAuth'],
      };
      await callAll(token);
      expect(simulator.requests.at(-1)?.headers['authorization'], 'sent').to.equal(`Bearer ${SECRETS.bearer}`);
      await expectNoSecret();
    });

    it('if only the words around them identify them', async () => {
      for (const [name, message] of Object.entries(MESSAGES)) {
        if (name === 'the values alone') continue;
        answer = { status: 403, headers: { 'x-amzn-errortype': 'InvalidSignatureException' }, body: { message } };
        const told = (await compare(() => client.send(new sdk.ConverseCommand(CONVERSE)))) as { message: string };
        expect(told.message, 'what the application is told').to.equal(message);
        expect(tracing.spans().at(-1)?.status.message, name).to.include('[redacted]');
      }
      await expectNoSecret();
    });

    it('and leaves messages without credentials unchanged', async () => {
      const message =
        'The security token included in the request is invalid. Bearer token expired; Bearer authentication failed.';
      answer = { status: 403, headers: { 'x-amzn-errortype': 'UnrecognizedClientException' }, body: { message } };
      await compare(() => client.send(new sdk.ConverseCommand(CONVERSE)));
      expect(tracing.spans()[0]?.status.message).to.equal(`UnrecognizedClientException: ${message}`);
    });
  });

  describe('treats keys that name prototypes as data', () => {
    const polluted = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}';
    afterEach(() => {
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
      expect(([] as { polluted?: unknown }).polluted).to.equal(undefined);
    });

    for (const modelId of [
      MODEL,
      TITAN,
      'amazon.nova-lite-v1:0',
      'cohere.command-r-v1:0',
      'openai.gpt-oss-20b-1:0',
      'nobody.knows-v1',
    ]) {
      it(`in requests, answers and chunks of ${modelId}`, async () => {
        const body = `${polluted},"messages":[${polluted},"role":"user","content":[${polluted},"type":"text","text":"Hi"}]}],"usage":${polluted}}}`;
        answer = { body };
        await compare(() => client.send(new sdk.InvokeModelCommand({ modelId, body })));
        const chunks = [
          `${polluted},"type":"message_start","message":${polluted},"usage":${polluted}}}}`,
          `${polluted},"type":"content_block_start","index":0,"content_block":${polluted}}}`,
          `${polluted},"type":"content_block_delta","index":"__proto__","delta":${polluted},"text":"a"}}`,
          `${polluted},"type":"message_delta","delta":${polluted}},"usage":${polluted}}}`,
          `${polluted},"contentBlockDelta":{"delta":${polluted}}},"messageStop":${polluted},"stopReason":"end_turn"},"metadata":${polluted}}}`,
          `${polluted},"choices":[${polluted},"delta":${polluted},"tool_calls":[${polluted},"function":${polluted}}}]}}]}`,
          JSON.stringify(METRICS),
        ];
        answer = { events: chunks.map((payload) => ({ type: 'chunk', payload })) };
        const read = async () => {
          const { body: stream } = await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId, body }));
          return { chunks: (await collect(stream)).map(({ chunk }) => Buffer.from(chunk?.bytes ?? []).toString()) };
        };
        await compare(read);
        expect(tracing.spans()).to.have.lengthOf(2);
        expect(said()).to.deep.equal([]);
        expect(tracing.spans()[0]?.attributes['mlflow.spanInputs']).to.include('__proto__');
      });
    }

    it('in requests, answers and events of Converse', async () => {
      const input = JSON.parse(
        `${polluted},"modelId":"${MODEL}","messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"t","content":[{"json":${polluted}}}]}}]}]}`,
      );
      await compare(() => client.send(new sdk.ConverseCommand(input)));
      answer = {
        events: [
          { type: 'messageStart', payload: `${polluted},"role":"assistant"}` },
          { type: 'contentBlockDelta', payload: `${polluted},"contentBlockIndex":0,"delta":${polluted},"text":"a"}}` },
          { type: 'messageStop', payload: `${polluted},"stopReason":"end_turn"}` },
          {
            type: 'metadata',
            payload: `${polluted},"usage":${polluted},"inputTokens":1,"outputTokens":1,"totalTokens":2}}`,
          },
        ],
      };
      await compare(async () => ({
        events: await collect((await client.send(new sdk.ConverseStreamCommand(CONVERSE))).stream),
      }));
      expect(tracing.spans()).to.have.lengthOf(2);
    });
  });

  describe('bounds the work for large values', () => {
    const LEVELS = 100_000;
    const deepArray = '['.repeat(LEVELS) + ']'.repeat(LEVELS);
    const deepObject = `${'{"content":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`;
    const claude = (content: string) => `{"max_tokens":9,"messages":[{"role":"user","content":${content}}]}`;
    const DEEP: Readonly<Record<string, [modelId: string, body: string]>> = {
      'arrays in an Anthropic message': [MODEL, claude(deepArray)],
      'objects in an Anthropic message': [MODEL, claude(`[${deepObject}]`)],
      'documents in an Anthropic tool result': [
        MODEL,
        claude(`[${'{"type":"tool_result","tool_use_id":"t","content":['.repeat(LEVELS)}${']}'.repeat(LEVELS)}]`),
      ],
      'tool arguments as text': [
        'openai.gpt-oss-20b-1:0',
        JSON.stringify({
          messages: [
            {
              role: 'assistant',
              tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: deepArray } }],
            },
          ],
        }),
      ],
      'a body of no family': ['nobody.knows-v1', deepObject],
      'a body without an object': ['nobody.knows-v1', deepArray],
    };
    for (const [name, [modelId, body]] of Object.entries(DEEP)) {
      it(`and records 200 of 100,000 levels in request, answer and chunk: ${name}`, async () => {
        answer = { body };
        await compare(() => client.send(new sdk.InvokeModelCommand({ modelId, body })));
        answer = {
          events: [
            { type: 'chunk', payload: body },
            { type: 'chunk', payload: JSON.stringify(METRICS) },
          ],
        };
        await compare(async () => {
          const output = await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId, body }));
          return { chunks: (await collect(output.body)).length };
        });
        expect(said()).to.deep.equal([]);
        expect(tracing.spans()).to.have.lengthOf(2);
        expect(tracing.spans()[0]?.attributes).to.include.keys('mlflow.spanInputs', 'mlflow.spanOutputs');
        for (const span of tracing.spans()) {
          expect(span.attributes).to.include.keys('mlflow.spanInputs');
          for (const value of Object.values(span.attributes)) {
            // If MLflow has no view for the request, the body is the text that was sent.
            expect(String(value).length).to.be.lessThan(3 * body.length);
            expect(depth(parsed(value)), String(value).slice(0, 100)).to.be.lessThan(250);
          }
          for (const { attributes } of span.events) expect(depth(parsed(attributes?.['json']))).to.be.lessThan(250);
        }
      });
    }

    it('and ends the span with the SDK’s own error for 100,000 levels in Converse', async () => {
      const content = [{ toolResult: { toolUseId: 't', content: [{ json: JSON.parse(deepArray) }] } }];
      const seen = await compare(() =>
        client.send(new sdk.ConverseCommand({ modelId: MODEL, messages: [{ role: 'user', content }] })),
      );
      expect(seen).to.include({ error: 'RangeError' });
      expect(tracing.spans()[0]?.attributes).to.include({ 'error.type': 'RangeError' });
      expect(tracing.spans()[0]?.attributes['mlflow.spanInputs']).to.include('[nested too deeply]');
    });

    /** CPU milliseconds and large parses of a call that never leaves the process. */
    async function costOf(command: () => sdk.InvokeModelCommand): Promise<{ milliseconds: number; parses: number }> {
      const local = createClient(simulator.url, {
        requestHandler: {
          handle: async () => ({ response: { statusCode: 200, headers: {}, body: new Uint8Array() } }),
        } as never,
      });
      const { parse } = JSON;
      let parses = 0;
      JSON.parse = (text: string, ...rest: []) => {
        if (text.length > 1_000_000) parses++;
        return parse(text, ...rest);
      };
      const start = process.cpuUsage();
      await local.send(command()).catch(() => undefined);
      const { user, system } = process.cpuUsage(start);
      JSON.parse = parse;
      local.destroy();
      return { milliseconds: (user + system) / 1000, parses };
    }

    for (const [name, make] of [
      ['text', (text: string) => text],
      ['bytes', (text: string) => Buffer.from(text)],
    ] as const) {
      it(`and parses 20 MB of media in a body of ${name} once, and keeps it out of the span`, async () => {
        const data = 'A'.repeat(20_000_000);
        const body = make(
          claude(`[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"${data}"}}]`),
        );
        const { parses } = await costOf(() => new sdk.InvokeModelCommand({ modelId: MODEL, body }));
        expect(parses).to.equal(1);
        expect(JSON.stringify(tracing.spans()[0]?.attributes).length).to.be.lessThan(5000);
        expect(tracing.spans()[0]?.attributes['mlflow.spanInputs']).to.include('[image]');
      });

      it(`and does not read 50 MB in a body of ${name}, which the service refuses`, async () => {
        const body = make(claude(JSON.stringify('words '.repeat(8_500_000))));
        const { parses } = await costOf(() => new sdk.InvokeModelCommand({ modelId: MODEL, body }));
        expect(parses).to.equal(0);
        expect(json(tracing.spans()[0]!, 'mlflow.spanInputs')).to.deep.equal({
          modelId: MODEL,
          body: '[body longer than 25000000 bytes, not read]',
        });
      });
    }

    it('and takes a few times as long as parsing for 200,000 keys', async () => {
      const body = JSON.stringify(
        Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`key ${index}`, index])),
      );
      const { parses, milliseconds } = await costOf(
        () => new sdk.InvokeModelCommand({ modelId: 'nobody.knows-v1', body }),
      );
      expect(parses).to.equal(1);
      expect(milliseconds).to.be.lessThan(3000);
      expect(String(tracing.spans()[0]?.attributes['mlflow.spanInputs'])).to.include('key 199999');
    });
  });

  describe('accepts odd objects', () => {
    it('with toJSON, which it never calls, in inputs and in the results of hooks', async () => {
      let calls = 0;
      const odd = { celsius: 21, toJSON: () => ({ calls: ++calls }) };
      const count = async () => {
        calls = 0;
        const content = [{ toolResult: { toolUseId: 't', content: [{ json: odd as never }] } }];
        await outcome(client.send(new sdk.ConverseCommand({ modelId: MODEL, messages: [{ role: 'user', content }] })));
        return calls;
      };
      tracing.instrumentation.disable();
      const plain = await count();
      tracing.instrumentation.enable();
      expect(await count()).to.equal(plain);
      tracing.instrumentation.setConfig({ contentHook: () => odd as never });
      expect(await count()).to.equal(plain);
      expect(json(tracing.spans().at(-1)!, 'mlflow.spanInputs')).to.include({ celsius: 21 });
    });

    it('that are proxies, which it reads and never changes', async () => {
      const written: string[] = [];
      const note = (what: string): boolean => written.push(what) > 0;
      const wrap = <Value extends object>(value: Value): Value =>
        new Proxy(value, {
          get(target, key, receiver) {
            const member: unknown = Reflect.get(target, key, receiver);
            return typeof member === 'object' && member !== null ? wrap(member) : member;
          },
          set: (_target, key) => note(`set ${String(key)}`),
          defineProperty: (_target, key) => note(`define ${String(key)}`),
          deleteProperty: (_target, key) => note(`delete ${String(key)}`),
          setPrototypeOf: () => note('setPrototypeOf'),
          preventExtensions: () => note('preventExtensions'),
        });
      await compare(() => client.send(new sdk.ConverseCommand(wrap(CONVERSE))));
      expect(written).to.deep.equal([]);
      expect(tracing.spans()[0]?.attributes['gen_ai.input.messages']).to.include('Hi');
    });

    it('whose getters throw: the outcome is the SDK’s own, and one line reports all calls', async () => {
      const broken = {
        get unread(): never {
          throw new Error('do not touch');
        },
      };
      const input = () => ({ ...CONVERSE, unknownToTheSdk: broken }) as sdk.ConverseCommandInput;
      for (let call = 0; call < 3; call++) {
        expect(await compare(() => client.send(new sdk.ConverseCommand(input())))).to.have.property('stopReason');
      }
      expect(tracing.spans()).to.have.lengthOf(3);
      expect(tracing.spans()[0]?.attributes).to.include.keys('gen_ai.usage.input_tokens', 'gen_ai.output.messages');
      expect(said()).to.have.lengthOf(1);
      expect(said()[0]).to.include('reading the request failed; the span may lack what could not be read (said once)');
      expect(said()[0], 'class and place of the error').to.match(/ Error at \S+safety\.test\.ts:\d+:\d+$/);
      expect(said()[0], 'the text of the error').to.not.include('do not touch');
    });

    it('whose model id cannot be read: the call is not traced, and one line reports it', async () => {
      let isHostile = false;
      const input = new Proxy(CONVERSE, {
        get(target, key, receiver) {
          // The instrumentation reads before the SDK.
          if (key !== 'modelId' || !isHostile) return Reflect.get(target, key, receiver);
          isHostile = false;
          throw new Error('hostile');
        },
      });
      for (let call = 0; call < 2; call++) {
        await compare(() => {
          isHostile = tracing.instrumentation.isEnabled();
          return client.send(new sdk.ConverseCommand(input));
        });
      }
      expect(tracing.spans()).to.have.lengthOf(0);
      expect(said()).to.have.lengthOf(1);
      expect(said()[0]).to.include('starting the span of a call failed; the call is not traced (said once)');
    });

    it('of which a member cannot be read: the span lacks it, and one line reports it', async () => {
      const input = new Proxy(CONVERSE, {
        get(target, key, receiver) {
          if (key === 'guardrailConfig') throw new Error('hostile');
          return Reflect.get(target, key, receiver);
        },
        ownKeys: () => ['modelId', 'messages'],
      });
      for (let call = 0; call < 2; call++) await compare(() => client.send(new sdk.ConverseCommand(input)));
      expect(tracing.spans().map(({ attributes }) => attributes['gen_ai.request.model'])).to.deep.equal([
        CONVERSE.modelId,
        CONVERSE.modelId,
      ]);
      expect(said().join()).to.include('reading the request failed; the span may lack what could not be read');
    });

    it('that are thrown and cannot be read: the application gets them, and the span is ERROR', async () => {
      const hostile = {
        get name(): never {
          throw new Error('no name');
        },
        get message(): never {
          throw new Error('no message');
        },
        toString(): never {
          throw new Error('no text');
        },
      };
      for (const thrown of [hostile, Object.create(null), Symbol('x'), 0]) {
        const odd = createClient(simulator.url);
        odd.middlewareStack.add(
          () => async () => {
            throw thrown;
          },
          { step: 'initialize', name: 'thrower' },
        );
        const caught = () =>
          odd.send(new sdk.ConverseCommand(CONVERSE)).then(
            () => 'nothing',
            (error: unknown) => error,
          );
        tracing.instrumentation.disable();
        expect(await caught()).to.equal(thrown);
        tracing.instrumentation.enable();
        expect(await caught()).to.equal(thrown);
        odd.destroy();
        expect(tracing.spans().at(-1)?.status.code).to.equal(2);
        expect(tracing.spans().at(-1)?.attributes['error.type']).to.equal('_OTHER');
      }
      expect(tracing.spans()).to.have.lengthOf(4);
      expect(said()).to.deep.equal([]);
    });
  });

  describe('records odd texts', () => {
    it('with invalid UTF-8 as base64, in requests, answers and chunks', async () => {
      const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
      answer = { body: bytes };
      await compare(async () => {
        const output = await client.send(new sdk.InvokeModelCommand({ modelId: TITAN, body: bytes }));
        return { hex: Buffer.from(output.body).toString('hex') };
      });
      const [span] = tracing.spans();
      expect(json(span!, 'mlflow.spanInputs')).to.have.property('body', bytes.toString('base64'));
      expect(json(span!, 'mlflow.spanOutputs')).to.have.property('body', bytes.toString('base64'));
    });

    it('with lone surrogates as valid JSON that any exporter can send', async () => {
      const text = 'a\ud800b\udc00c';
      await compare(() =>
        client.send(new sdk.ConverseCommand({ ...CONVERSE, messages: [{ role: 'user', content: [{ text }] }] })),
      );
      await compare(() =>
        client.send(new sdk.InvokeModelCommand({ modelId: TITAN, body: JSON.stringify({ inputText: text }) })),
      );
      for (const span of tracing.spans()) {
        for (const value of Object.values(span.attributes)) {
          if (typeof value === 'string') expect(Buffer.from(value).toString(), span.name).to.equal(value);
        }
      }
      expect(JSON.stringify(json(tracing.spans()[0]!, 'gen_ai.input.messages'))).to.include('\\ud800');
    });
  });

  it('reports a broken span processor once for all calls', async () => {
    const { instrumentation } = tracing;
    const broken = startTracingWithBrokenProcessor();
    instrumentation.setTracerProvider(broken.provider);
    for (let call = 0; call < 3; call++) {
      expect(await client.send(new sdk.ConverseCommand(CONVERSE))).to.have.property('stopReason');
      expect(await collect((await client.send(new sdk.ConverseStreamCommand(CONVERSE))).stream)).to.not.have.lengthOf(
        0,
      );
    }
    await broken.close();
    expect(said()).to.have.lengthOf(1);
    expect(said()[0]).to.include('ending the span failed');
  });
});

function startTracingWithBrokenProcessor(): Tracing {
  return startTracing({
    config: { enabled: false },
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: () => {
          throw new Error('broken processor');
        },
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
}
