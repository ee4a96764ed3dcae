/** The tests of `canaries.test.ts` and `canaries.long.test.ts`: marked texts in every place, and what is emitted. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { CANARY, isDiscriminator, placesOf, planted } from './canaries.js';
import type { ReplayedExchange } from './exchanges.js';
import { call } from './replayed-call.js';
import { createClient } from './tracing.js';
import { IDS, WAYS, Watch } from './watch.js';

const CONVERSE: sdk.ConverseCommandInput = {
  modelId: 'amazon.nova-lite-v1:0',
  messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
};
/** The settings that are also tried with a canary in each word, which takes seconds. The others pass the same gate. */
const WITH_WORDS = ['the option is off', 'a hook removes them'];

interface CanaryOptions {
  readonly ways: readonly string[];
  readonly samples: readonly ReplayedExchange[];
}

/** Defines the tests. */
export function describeCanaries({ ways, samples }: CanaryOptions): void {
  let simulator: Simulator;
  let answer: SimulatedResponse | undefined;
  let client: sdk.BedrockRuntimeClient;
  const watch = new Watch();
  before(async () => {
    simulator = await startSimulator({ respond: () => answer });
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await simulator.close();
  });
  afterEach(() => watch.stop());

  async function send(exchange: ReplayedExchange, changed: ReturnType<typeof planted>): Promise<void> {
    const { status = 200, headers = {}, body } = changed.response;
    answer = { status, headers, ...(changed.responseEvents ? { events: changed.responseEvents } : { body }) };
    await call(client, { ...exchange, ...changed } as ReplayedExchange).catch(() => undefined);
  }

  for (const way of ways) {
    describe(`canaries are not emitted if ${way}`, () => {
      it('in the texts and the names of members of every sample', async () => {
        watch.start(way);
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
        expect(watch.tracing.spans().length).to.be.greaterThan(samples.length * 1.5);
        await watch.expectNone();
      });

      const itWithWords = WITH_WORDS.includes(way) ? it : undefined;
      itWithWords?.('in the words of every sample, where they look like identifiers', async () => {
        watch.start(way);
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
        await watch.expectNone((name) => IDS.test(name));
      });

      it('in bodies and chunks that are bare values', async () => {
        watch.start(way);
        for (const bare of ['"canary"', 'canary', '["canary"]', '{"canary":1}']) {
          answer = { body: bare };
          const modelId = 'amazon.titan-text-lite-v1';
          await client.send(new sdk.InvokeModelCommand({ modelId, body: bare })).catch(() => undefined);
          answer = { events: [{ type: 'chunk', payload: bare }] };
          const { body } = await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId, body: bare }));
          for await (const _event of body ?? []);
        }
        await watch.expectNone();
      });

      it('in errors of the service, of streams and of the application', async () => {
        watch.start(way);
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
        expect(watch.tracing.spans().length).to.be.greaterThan(30);
        await watch.expectNone();
      });

      it('in the errors of other hooks', async () => {
        watch.start(way);
        answer = undefined;
        for (const thrown of hostileErrors()) {
          const hook = (): never => {
            throw thrown;
          };
          const rejects = (() => Promise.reject(thrown)) as unknown as () => undefined;
          for (const requestHook of [hook, rejects]) {
            watch.tracing.instrumentation.setConfig({ ...WAYS[way]?.config, requestHook, responseHook: requestHook });
            await client.send(new sdk.ConverseCommand(CONVERSE));
          }
        }
        await new Promise((resolve) => setImmediate(resolve));
        expect(JSON.stringify(watch.lines)).to.include('requestHook threw').and.to.include('responseHook rejected');
        await watch.expectNone();
      });
    });
  }

  it('canaries are found by the same search if content is on', async () => {
    watch.start('nothing is set');
    const [sample] = samples as [ReplayedExchange];
    await send(
      sample,
      planted(sample, () => 'canary'),
    );
    expect(await watch.emitted()).to.match(CANARY);
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
