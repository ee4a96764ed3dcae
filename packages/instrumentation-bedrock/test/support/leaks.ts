/** The tests of `canaries.test.ts` and `canaries.long.test.ts`: marked texts in every place, and what is emitted. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { CANARY, isDiscriminator, placesOf, planted } from './canaries.js';
import type { ReplayedExchange } from './exchanges.js';
import { call } from './replayed-call.js';
import { createClient, startTracing, type Tracing } from './tracing.js';

const VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const CONVERSE: sdk.ConverseCommandInput = {
  modelId: 'amazon.nova-lite-v1:0',
  messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
};
/** Ids and names of models, and the application's labels for its requests, are no content: README, "What is content". */
const IDS =
  /^(?:gen_ai\.(?:request\.model|response\.(?:id|model)|prompt\.\w+)|mlflow\.llm\.\w+|aws\.bedrock\.request_metadata\..*)$/;

/** Removes every canary, also from names of members. */
const removeCanaries: NonNullable<BedrockInstrumentationConfig['contentHook']> = ({ value }) =>
  JSON.parse(JSON.stringify(value).replaceAll(/canary/gi, '…'));

/** Settings with which no canary may be emitted, and the default. */
export const WAYS: Readonly<Record<string, { config: BedrockInstrumentationConfig; variable?: string }>> = {
  'nothing is set': { config: {} },
  'the option is off': { config: { captureMessageContent: false, recordStreamEvents: true } },
  'the variable is off': { config: { captureMessageContent: true }, variable: 'false' },
  'a hook removes them': {
    config: { contentHook: removeCanaries, recordStreamEvents: true },
    variable: 'SPAN_AND_EVENT',
  },
  'a hook removes them from log events alone': {
    config: { contentHook: removeCanaries, recordStreamEvents: true },
    variable: 'EVENT_ONLY',
  },
  'a hook records nothing': {
    config: { contentHook: () => undefined, recordStreamEvents: true },
    variable: 'SPAN_AND_EVENT',
  },
  'a hook throws them': {
    config: {
      contentHook: ({ value }) => {
        const error = new Error(JSON.stringify(value), { cause: value });
        throw Object.assign(error, { name: 'canary_hook', code: 'canary_hook' });
      },
      recordStreamEvents: true,
    },
    variable: 'SPAN_AND_EVENT',
  },
};

export interface CanaryOptions {
  readonly ways: readonly string[];
  readonly samples: readonly ReplayedExchange[];
}

/** Defines the tests. */
export function describeCanaries({ ways, samples }: CanaryOptions): void {
  let simulator: Simulator;
  let answer: SimulatedResponse | undefined;
  let client: sdk.BedrockRuntimeClient;
  let tracing: Tracing;
  let lines: unknown[][];
  before(async () => {
    simulator = await startSimulator({ respond: () => answer });
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await simulator.close();
  });
  afterEach(async () => {
    diag.disable();
    delete process.env[VARIABLE];
    await tracing.close();
  });

  function start(way: string): void {
    const { config, variable } = WAYS[way] as { config: BedrockInstrumentationConfig; variable?: string };
    if (variable !== undefined) process.env[VARIABLE] = variable;
    tracing = startTracing({ withMetrics: true, config });
    lines = [];
    const log = (...args: unknown[]): void => void lines.push(args);
    const logger: DiagLogger = { error: log, warn: log, info: log, debug: log, verbose: log };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  }

  /** What was emitted and logged. `isLeftOut` names attributes that may have the text. */
  async function emitted(isLeftOut: (name: string) => boolean = () => false): Promise<string> {
    const kept = (attributes: object | undefined): object =>
      Object.fromEntries(Object.entries(attributes ?? {}).filter(([name]) => !isLeftOut(name)));
    const spans = tracing.spans().map(({ name, attributes, events, status }) => ({
      name: isLeftOut('gen_ai.request.model') ? name.split(' ')[0] : name,
      attributes: kept(attributes),
      events: events.map((event) => ({ name: event.name, attributes: kept(event.attributes) })),
      status,
    }));
    const events = tracing.events().map(({ eventName, attributes }) => ({ eventName, attributes: kept(attributes) }));
    const metrics = [...(await tracing.metrics())].map(([name, points]) => [
      name,
      points.map(({ attributes }) => kept(attributes)),
    ]);
    const logged = lines.map((args) => args.map((arg) => (arg instanceof Error ? `${arg.stack}` : String(arg))));
    return JSON.stringify({ spans, events, metrics, logged }, null, 1);
  }

  async function expectNone(isLeftOut?: (name: string) => boolean): Promise<void> {
    const found = (await emitted(isLeftOut)).split('\n').filter((line) => CANARY.test(line));
    expect([...new Set(found.map((line) => line.trim().slice(0, 200)))]).to.deep.equal([]);
  }

  async function send(exchange: ReplayedExchange, changed: ReturnType<typeof planted>): Promise<void> {
    const { status = 200, headers = {}, body } = changed.response;
    answer = { status, headers, ...(changed.responseEvents ? { events: changed.responseEvents } : { body }) };
    await call(client, { ...exchange, ...changed } as ReplayedExchange).catch(() => undefined);
  }

  for (const way of ways) {
    describe(`canaries are not emitted if ${way}`, () => {
      it('in the texts and the names of members of every sample', async () => {
        start(way);
        let count = 0;
        for (const sample of samples) {
          const text = (value: string, path: readonly (string | number)[]): string =>
            isDiscriminator(path) ? value : `canary ${count++} said "hi"`;
          await send(sample, planted(sample, text));
          await send(
            sample,
            planted(
              sample,
              (value) => value,
              () => [`canary_${count++}`, 'canary'],
            ),
          );
        }
        expect(tracing.spans().length).to.be.greaterThan(samples.length * 1.5);
        await expectNone();
      });

      it('in the words of every sample, where they look like identifiers', async () => {
        start(way);
        for (const sample of samples) {
          // One at a time, because words decide how the rest is read.
          const places = placesOf(sample).filter(({ value }) => /^[\w.-]{2,40}$/.test(value));
          const seen = new Set<string>();
          for (const { path } of places) {
            const place = path.filter((step) => typeof step === 'string').join('.');
            if (seen.has(place)) continue;
            seen.add(place);
            const isHere = (other: readonly (string | number)[]): boolean => other.join() === path.join();
            await send(
              sample,
              planted(sample, (value, other) => (isHere(other) ? 'canary_4711' : value)),
            );
          }
        }
        await expectNone((name) => IDS.test(name));
      });

      it('in bodies and chunks that are bare values', async () => {
        start(way);
        for (const bare of ['"canary"', 'canary', '["canary"]', '{"canary":1}']) {
          answer = { body: bare };
          const modelId = 'amazon.titan-text-lite-v1';
          await client.send(new sdk.InvokeModelCommand({ modelId, body: bare })).catch(() => undefined);
          answer = { events: [{ type: 'chunk', payload: bare }] };
          const { body } = await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId, body: bare }));
          for await (const _event of body ?? []);
        }
        await expectNone();
      });

      it('in errors of the service, of streams and of the application', async () => {
        start(way);
        for (const type of ['canary_error', 'canary said "hi"', 'com.canary#Canary', 'ValidationException']) {
          const body = { __type: type, code: type, message: 'canary', Message: 'canary', canary: 'canary' };
          for (const headers of [{}, { 'x-amzn-errortype': type }] as Record<string, string>[]) {
            answer = { status: 400, headers, body };
            await client.send(new sdk.ConverseCommand(CONVERSE)).catch(() => undefined);
          }
          for (const messageType of ['event', 'exception', 'error'] as const) {
            answer = {
              events: [
                { type: 'messageStart', payload: {} },
                { type, messageType, payload: body },
              ],
            };
            await client
              .send(new sdk.ConverseStreamCommand(CONVERSE))
              .then(async ({ stream }) => {
                for await (const _event of stream ?? []);
              })
              .catch(() => undefined);
          }
        }
        for (const thrown of hostileErrors()) {
          const odd = createClient(simulator.url);
          odd.middlewareStack.add(
            () => async () => {
              throw thrown;
            },
            { step: 'initialize', name: 'thrower' },
          );
          await odd.send(new sdk.ConverseCommand(CONVERSE)).catch(() => undefined);
          odd.destroy();
          await client
            .send(new sdk.ConverseCommand(CONVERSE), { abortSignal: AbortSignal.abort(thrown) })
            .catch(() => 0);
          const input = Object.defineProperty({ ...CONVERSE }, 'inferenceConfig', {
            enumerable: true,
            get: () => {
              throw thrown;
            },
          });
          await client.send(new sdk.ConverseCommand(input)).catch(() => undefined);
        }
        expect(tracing.spans().length).to.be.greaterThan(30);
        await expectNone();
      });

      it('in the errors of other hooks', async () => {
        start(way);
        answer = undefined;
        for (const thrown of hostileErrors()) {
          const hook = (): never => {
            throw thrown;
          };
          const rejects = (() => Promise.reject(thrown)) as unknown as () => undefined;
          for (const requestHook of [hook, rejects]) {
            tracing.instrumentation.setConfig({ ...WAYS[way]?.config, requestHook, responseHook: requestHook });
            await client.send(new sdk.ConverseCommand(CONVERSE));
          }
        }
        await new Promise((resolve) => setImmediate(resolve));
        expect(JSON.stringify(lines)).to.include('requestHook threw').and.to.include('responseHook rejected');
        await expectNone();
      });
    });
  }

  it('canaries are found by the same search if content is on', async () => {
    start('nothing is set');
    const [sample] = samples as [ReplayedExchange];
    await send(
      sample,
      planted(sample, () => 'canary'),
    );
    expect(await emitted()).to.match(CANARY);
  });
}

/** Thrown values with a canary in each part that can be read. */
function hostileErrors(): unknown[] {
  const metadata = {
    requestId: 'canary',
    httpStatusCode: 'canary',
    attempts: 'canary',
    cfId: 'canary',
    canary: 'canary',
  };
  const named = (name: string): Error => Object.assign(new Error('canary'), { name });
  class Dynamic extends Error {}
  Object.defineProperty(Dynamic, 'name', { value: 'canary_class' });
  const proto = Object.assign(new Dynamic('canary'), { name: 'canary_class' });
  const text = Object.assign(new Error('x'), {
    stack: 'Error: x\n    at canary (canary:1:1)',
    toString: () => 'canary',
  });
  return [
    named('canary_4711'),
    named('canary said hi'),
    Object.assign(new Error('canary'), { code: 'canary_code' }),
    Object.assign(new Error('canary'), { name: 'canary', $fault: 'canary', $service: 'canary', $metadata: metadata }),
    Object.assign(new Error('canary', { cause: new Error('canary') }), { code: 'ECANARY', $metadata: metadata }),
    proto,
    text,
    { name: 'canary', message: 'canary', code: 'canary', [Symbol.toStringTag]: 'canary' },
    { constructor: { name: 'canary' }, name: 'canary' },
    'canary',
    Symbol('canary'),
    ['canary'],
  ];
}
