/** `client.destroy()` while streams are open, with the newest SDK over both HTTP versions and with SDK 3.600. */

import { createRequire } from 'node:module';
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { SpanStatusCode } from '@opentelemetry/api';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { errorView, http1Handler, sameAsUntraced, turns, until } from './support/compare.js';
import { startTracing, type Tracing } from './support/tracing.js';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const MESSAGES = [{ role: 'user' as const, content: [{ text: 'Hi' }] }];
const oldSdk = createRequire(import.meta.url)('client-bedrock-runtime-3-600') as typeof sdk;

const CLIENTS: Readonly<Record<string, [library: typeof sdk, config: object]>> = {
  'the newest SDK over HTTP/2': [sdk, {}],
  'the newest SDK over HTTP/1.1': [sdk, http1Handler()],
  'SDK 3.600': [oldSdk, {}],
};

type Open = (library: typeof sdk, client: sdk.BedrockRuntimeClient) => Promise<AsyncIterable<object>>;

const OPERATIONS: Readonly<Record<string, Open>> = {
  ConverseStream: async (library, client) =>
    (await client.send(new library.ConverseStreamCommand({ modelId: MODEL, messages: MESSAGES }))).stream!,
  InvokeModelWithResponseStream: async (library, client) => {
    const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 9, messages: MESSAGES });
    const command = new library.InvokeModelWithResponseStreamCommand({ modelId: MODEL, body });
    return (await client.send(command)).body!;
  },
};

/** What a reader sees. */
async function read(stream: AsyncIterable<object>, onEvent: (count: number) => void = () => undefined) {
  let events = 0;
  try {
    for await (const _event of stream) onEvent(++events);
    return { events };
  } catch (error) {
    return { events, ...errorView(error) };
  }
}

describe('client.destroy()', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  beforeEach(() => {
    tracing = startTracing();
    tracing.instrumentation.manuallyInstrument(oldSdk);
  });
  afterEach(() => tracing.close());

  function create(
    library: typeof sdk,
    config: object,
    Client = library.BedrockRuntimeClient,
  ): sdk.BedrockRuntimeClient {
    return new Client({
      region: 'us-east-1',
      endpoint: simulator.endpoint({ scenario: 'stream', parameters: { chunks: 20, interval: 1 } }),
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
      ...config,
    });
  }

  for (const [name, [library, config]] of Object.entries(CLIENTS)) {
    for (const [operation, open] of Object.entries(OPERATIONS)) {
      describe(`with ${name} and ${operation}`, () => {
        it('ends the span of a stream that the application does not read, without an error', async () => {
          const client = create(library, config);
          const stream = await open(library, client);
          expect(tracing.spans()).to.have.lengthOf(0);
          client.destroy();
          await until(() => tracing.spans().length > 0);
          client.destroy();
          await turns(3);
          const [span, ...others] = tracing.spans();
          expect(others).to.deep.equal([]);
          expect(span?.status.code).to.equal(SpanStatusCode.UNSET);
          expect(span?.attributes).to.include({ 'server.address': '127.0.0.1', 'http.response.status_code': 200 });
          expect(span?.attributes).to.not.have.property('gen_ai.usage.output_tokens');
          // The stream is kept until here: the span did not end because the stream was collected.
          expect(stream).to.be.an('object');
        });

        it('leaves the span open while the application reads, and the reader sees what it sees without tracing', async () => {
          const seen = await sameAsUntraced(tracing, async () => {
            const client = create(library, config);
            const { events, ...end } = await read(await open(library, client), (count) => {
              if (count === 3) client.destroy();
            });
            return { ...end, isWhole: events > 10 };
          });
          const [span, ...others] = tracing.spans();
          expect(others).to.deep.equal([]);
          expect(span?.events.length).to.be.at.least(3);
          expect('gen_ai.usage.output_tokens' in (span?.attributes ?? {})).to.equal(seen.isWhole);
        });

        it('lets the application begin to read right after it, and records what is read', async () => {
          // Where `destroy()` closes the connection, the network decides how many events arrive before the error.
          let count = 0;
          const end = await sameAsUntraced(tracing, async () => {
            const client = create(library, config);
            const openAndDestroy = async (): Promise<AsyncIterable<object>> => {
              try {
                return await open(library, client);
              } finally {
                client.destroy();
                client.destroy();
              }
            };
            const { events, ...rest } = await read(await openAndDestroy());
            count = events;
            return rest;
          });
          await turns(3);
          const [span, ...others] = tracing.spans();
          expect(others).to.deep.equal([]);
          expect(span?.events.filter((event) => event.name !== 'exception')).to.have.lengthOf(count);
          expect(span?.attributes['error.type']).to.equal('error' in end ? 'ECONNRESET' : undefined);
        });
      });
    }
  }

  it('records a stream that the application begins to read later, over HTTP/2', async () => {
    const client = create(sdk, {});
    const stream = await OPERATIONS['ConverseStream']!(sdk, client);
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { events } = await read(stream);
    const [span, ...others] = tracing.spans();
    expect(others).to.deep.equal([]);
    expect(span?.events).to.have.lengthOf(events);
    expect(span?.attributes).to.have.property('gen_ai.usage.output_tokens');
  });

  it('ends the spans of this client only', async () => {
    const [first, second] = [create(sdk, {}), create(sdk, {})];
    const streams = await Promise.all([first, second].map((client) => OPERATIONS['ConverseStream']!(sdk, client)));
    first.destroy();
    await until(() => tracing.spans().length > 0);
    await turns(3);
    expect(tracing.spans()).to.have.lengthOf(1);
    const { events } = await read(streams[1]!);
    expect(tracing.spans()).to.have.lengthOf(2);
    expect(tracing.spans()[1]?.events).to.have.lengthOf(events);
    second.destroy();
  });

  it('is seen if a subclass overrides destroy and calls the inherited one', async () => {
    let destroyed = 0;
    class Client extends sdk.BedrockRuntimeClient {
      override destroy(): void {
        destroyed++;
        super.destroy();
      }
    }
    const client = create(sdk, {}, Client);
    const stream = await OPERATIONS['ConverseStream']!(sdk, client);
    client.destroy();
    await until(() => tracing.spans().length > 0);
    expect(destroyed).to.equal(1);
    expect(stream).to.be.an('object');
  });

  it('returns and throws what the SDK returns and throws', async () => {
    const thrown = new Error('cannot be destroyed');
    const outcomes = await sameAsUntraced(tracing, async () => {
      const client = create(sdk, {});
      const returned: unknown = client.destroy();
      const requestHandler = {
        handle: () => Promise.reject(thrown),
        destroy: () => {
          throw thrown;
        },
      };
      const broken = create(sdk, { requestHandler });
      try {
        broken.destroy();
        return [returned];
      } catch (error) {
        return [returned, error];
      }
    });
    expect(outcomes).to.deep.equal([undefined, thrown]);
    const { name, length } = Object.getPrototypeOf(sdk.BedrockRuntimeClient.prototype).destroy;
    expect({ name, length }).to.deep.equal({ name: 'destroy', length: 0 });
  });
});
