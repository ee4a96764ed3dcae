/** Scenarios of `client.destroy()` while a stream is open. */

import { SpanStatusCode } from '@opentelemetry/api';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { errorView, sameAsUntraced, turns, until } from './compare.js';
import {
  type ClientClass,
  OLD_CLIENTS,
  respondToStreams,
  type StreamingClient,
  type StreamingOperation,
} from './streaming.js';
import { startTracing, type Tracing } from './tracing.js';

/** What a reader sees. */
export async function read(stream: AsyncIterable<object>, onEvent: (count: number) => void = () => undefined) {
  let events = 0;
  try {
    for await (const _event of stream) onEvent(++events);
    return { events };
  } catch (error) {
    return { events, ...errorView(error) };
  }
}

interface DestroyScenario {
  /** New for each test. */
  readonly tracing: () => Tracing;
  /** Creates a client whose answer has 20 pieces. */
  readonly create: (operation: StreamingOperation, config?: object, Client?: ClientClass) => StreamingClient;
}

/** Starts a simulator for the suite, and tracing for each test. */
export function prepareDestroy(): DestroyScenario {
  let simulator: Simulator;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator({ respond: respondToStreams });
  });
  after(() => simulator.close());
  beforeEach(() => {
    tracing = startTracing();
    tracing.instrumentation.manuallyInstrument(OLD_CLIENTS);
  });
  afterEach(() => tracing.close());
  return {
    tracing: () => tracing,
    create({ createClient }, config, Client) {
      const endpoint = simulator.endpoint({ scenario: 'stream', parameters: { chunks: 20, interval: 1 } });
      return createClient(endpoint, config, Client);
    },
  };
}

/** Runs every scenario with each of the operations. */
export function describeDestroy(
  client: string,
  operations: Readonly<Record<string, StreamingOperation>>,
  config: object = {},
): void {
  for (const [name, operation] of Object.entries(operations)) {
    describe(`client.destroy() with ${client} and ${name}`, () => describeOperation(operation, config));
  }
}

function describeOperation(operation: StreamingOperation, config: object): void {
  const { open, closing } = operation;
  const { tracing, create } = prepareDestroy();

  it('ends the span of a stream that the application does not read, without an error', async () => {
    const client = create(operation, config);
    const stream = await open(client);
    expect(tracing().spans()).to.have.lengthOf(0);
    client.destroy();
    await until(() => tracing().spans().length > 0);
    client.destroy();
    await turns(3);
    const [span, ...others] = tracing().spans();
    expect(others).to.deep.equal([]);
    expect(span?.status.code).to.equal(SpanStatusCode.UNSET);
    expect(span?.attributes).to.include({ 'server.address': '127.0.0.1', 'http.response.status_code': 200 });
    if (closing) expect(span?.attributes).to.not.have.property(closing);
    // The stream is kept until here: the span did not end because the stream was collected.
    expect(stream).to.be.an('object');
  });

  it('leaves the span open while the application reads, and the reader sees what it sees without tracing', async () => {
    const seen = await sameAsUntraced(tracing(), async () => {
      const client = create(operation, config);
      const { events, ...end } = await read(await open(client), (count) => {
        if (count === 3) client.destroy();
      });
      return { ...end, isWhole: events > 10 };
    });
    const [span, ...others] = tracing().spans();
    expect(others).to.deep.equal([]);
    expect(span?.events.length).to.be.at.least(3);
    if (closing) expect(closing in (span?.attributes ?? {})).to.equal(seen.isWhole);
  });

  it('lets the application begin to read right after it, and records what is read', async () => {
    // Where `destroy()` closes the connection, the network decides how many events arrive before the error.
    let count = 0;
    const end = await sameAsUntraced(tracing(), async () => {
      const client = create(operation, config);
      const openAndDestroy = async (): Promise<AsyncIterable<object>> => {
        try {
          return await open(client);
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
    const [span, ...others] = tracing().spans();
    expect(others).to.deep.equal([]);
    expect(span?.events.filter((event) => event.name !== 'exception')).to.have.lengthOf(count);
    expect(span?.attributes['error.type']).to.equal('error' in end ? 'ECONNRESET' : undefined);
  });
}
