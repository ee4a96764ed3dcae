import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import {
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
} from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import type { Simulator } from '../src/index.js';
import {
  client,
  closeAll,
  collect,
  failure,
  HTTP_VERSIONS,
  type HttpVersion,
  invokeStream,
  simulator,
  streamText,
  userMessage,
} from './support.js';

const REQUEST: ConverseCommandInput = { modelId: 'amazon.nova-lite-v1:0', messages: [userMessage('Hello')] };

type Parameters = Record<string, string | number>;

async function stream(running: Simulator, version: HttpVersion, scenario: string, parameters: Parameters = {}) {
  return client(running.endpoint({ scenario, parameters }), version).send(new ConverseStreamCommand(REQUEST));
}

/** Reads a stream to its end or failure. */
async function drain(events: AsyncIterable<ConverseStreamOutput> | undefined) {
  const received: ConverseStreamOutput[] = [];
  try {
    for await (const event of events ?? []) received.push(event);
    return { received, error: undefined };
  } catch (error) {
    return { received, error: error as Error };
  }
}

for (const version of HTTP_VERSIONS) {
  describe(`the scenario (HTTP/${version})`, () => {
    afterEach(closeAll);

    it('chat answers like the plain endpoint', async () => {
      const running = await simulator();
      const output = await client(running.endpoint({ scenario: 'chat' }), version).send(new ConverseCommand(REQUEST));
      expect(output.output?.message?.content?.[0]?.text).to.match(/^Hello!/);
    });

    it('stream sends the requested number of chunks in every dialect, and the same text without a stream', async () => {
      const running = await simulator();
      const { received } = await drain((await stream(running, version, 'stream', { chunks: 200 })).stream);
      const bedrock = client(running.endpoint({ scenario: 'stream', parameters: { chunks: 200 } }), version);
      const whole = await bedrock.send(new ConverseCommand(REQUEST));
      const titan = await invokeStream(bedrock, 'amazon.titan-text-lite-v1', {
        inputText: 'Hello',
        textGenerationConfig: { maxTokenCount: 10 },
      });
      expect(received.filter((event) => event.contentBlockDelta)).to.have.length(200);
      expect(whole.output?.message?.content?.[0]?.text).to.equal(streamText(received));
      expect(titan).to.have.length(200);
      expect(titan.map(({ outputText }) => outputText).join('')).to.equal(streamText(received));
      expect(titan.at(-1)?.['completionReason']).to.equal('FINISH');
    });

    it('stream waits for the interval between frames', async () => {
      const output = await stream(await simulator(), version, 'stream', { chunks: 10, interval: 10 });
      const start = performance.now();
      await collect(output.stream);
      expect(performance.now() - start).to.be.greaterThan(90);
    });

    it("throttling fails the first requests, so that the client's retries succeed", async () => {
      const running = await simulator();
      const endpoint = running.endpoint({ scenario: 'throttling', parameters: { times: 2 } });
      const output = await client(endpoint, version, { maxAttempts: 3 }).send(new ConverseCommand(REQUEST));
      expect(output.$metadata.attempts).to.equal(3);
      expect(running.requests).to.have.length(3);
    });

    const errors: readonly (readonly [string, Parameters, string, number])[] = [
      ['throttling', {}, 'ThrottlingException', 429],
      ['validation-error', {}, 'ValidationException', 400],
      ['access-denied', {}, 'AccessDeniedException', 403],
      ['model-not-ready', {}, 'ModelNotReadyException', 429],
      ['service-unavailable', {}, 'ServiceUnavailableException', 503],
      ['error', {}, 'InternalServerException', 500],
      ['error', { type: 'ModelErrorException' }, 'ModelErrorException', 424],
      ['error', { type: 'ModelTimeoutException' }, 'ModelTimeoutException', 408],
      ['error', { type: 'ResourceNotFoundException' }, 'ResourceNotFoundException', 404],
    ];
    for (const [scenario, parameters, type, status] of errors) {
      it(`${scenario}${JSON.stringify(parameters)} fails with ${type} and status ${status}`, async () => {
        const running = await simulator();
        const bedrock = client(running.endpoint({ scenario, parameters }), version);
        for (const command of [new ConverseCommand(REQUEST), new ConverseStreamCommand(REQUEST)]) {
          const error = await failure(bedrock.send(command as ConverseCommand));
          expect(error.name).to.equal(type);
          expect(error.constructor.name).to.equal(type);
          expect(error.$metadata?.httpStatusCode).to.equal(status);
        }
      });
    }

    it('mid-stream-error ends a stream with an exception after the given number of frames', async () => {
      const { received, error } = await drain(
        (await stream(await simulator(), version, 'mid-stream-error', { after: 3 })).stream,
      );
      expect(received).to.have.length(3);
      expect(error?.name).to.equal('ModelStreamErrorException');
      expect(error?.message).to.equal('An error occurred while streaming the response.');
    });

    for (const type of [
      'internalServerException',
      'validationException',
      'throttlingException',
      'serviceUnavailableException',
    ]) {
      it(`mid-stream-error sends ${type}`, async () => {
        const { received, error } = await drain(
          (await stream(await simulator(), version, 'mid-stream-error', { after: 1, type })).stream,
        );
        expect(received).to.have.length(1);
        expect(error?.name.toLowerCase()).to.equal(type.toLowerCase());
      });
    }

    it('mid-stream-error fails an answer without a stream as a whole', async () => {
      const endpoint = (await simulator()).endpoint({
        scenario: 'mid-stream-error',
        parameters: { type: 'throttlingException' },
      });
      expect((await failure(client(endpoint, version).send(new ConverseCommand(REQUEST)))).name).to.equal(
        'ThrottlingException',
      );
    });

    it('error-frame ends a stream with an error frame', async () => {
      const { received, error } = await drain(
        (await stream(await simulator(), version, 'error-frame', { after: 2, code: 'Boom' })).stream,
      );
      expect(received).to.have.length(2);
      expect(error?.name).to.equal('Boom');
      expect(error?.message).to.equal('Simulated error frame.');
    });

    it('reset breaks a stream after the given number of frames', async () => {
      const { received, error } = await drain((await stream(await simulator(), version, 'reset', { after: 3 })).stream);
      expect(received).to.have.length(3);
      expect(error).to.include({ code: version === '2.0' ? 'ERR_HTTP2_STREAM_ERROR' : 'ECONNRESET' });
    });

    it('reset breaks an answer without a stream before its first byte', async () => {
      const endpoint = (await simulator()).endpoint({ scenario: 'reset' });
      expect(await failure(client(endpoint, version).send(new ConverseCommand(REQUEST)))).to.be.instanceOf(Error);
    });

    it('truncated ends a stream normally but without its closing events', async () => {
      const { received, error } = await drain(
        (await stream(await simulator(), version, 'truncated', { after: 3 })).stream,
      );
      expect(error).to.equal(undefined);
      expect(received).to.have.length(3);
    });

    it('truncated cuts an answer without a stream in half', async () => {
      const endpoint = (await simulator()).endpoint({ scenario: 'truncated' });
      expect((await failure(client(endpoint, version).send(new ConverseCommand(REQUEST)))).name).to.equal(
        'SyntaxError',
      );
    });

    it('hang sends no answer until the simulator closes', async () => {
      const running = await simulator();
      const pending = failure(
        client(running.endpoint({ scenario: 'hang' }), version).send(new ConverseCommand(REQUEST)),
      );
      while (running.requests.length === 0) await new Promise(setImmediate);
      await running.close();
      expect(await pending).to.be.instanceOf(Error);
    });

    it('empty-body answers 200 without a body', async () => {
      const endpoint = (await simulator()).endpoint({ scenario: 'empty-body' });
      const output = await client(endpoint, version).send(new ConverseCommand(REQUEST));
      expect(output.$metadata.httpStatusCode).to.equal(200);
      expect(output.output).to.equal(undefined);
    });

    it('not-json answers 200 with an HTML page', async () => {
      const endpoint = (await simulator()).endpoint({ scenario: 'not-json' });
      expect((await failure(client(endpoint, version).send(new ConverseCommand(REQUEST)))).name).to.equal(
        'SyntaxError',
      );
    });
  });
}

describe('a reset stream', () => {
  afterEach(closeAll);
  const PATH = '/scenario/reset;after=3/model/m/converse-stream';

  it('sends RST_STREAM in HTTP/2 and keeps the connection open', async () => {
    const session = connectHttp2((await simulator()).url);
    for (let attempt = 0; attempt < 2; attempt++) {
      const stream = session.request({ ':method': 'POST', ':path': PATH }).end('{}').resume();
      const [error] = (await once(stream, 'error')) as [Error];
      expect(error.message).to.equal('Stream closed with error code NGHTTP2_INTERNAL_ERROR');
    }
    expect(session.closed).to.equal(false);
    session.destroy();
  });

  it('resets the connection in HTTP/1.1', async () => {
    const socket = connect(Number(new URL((await simulator()).url).port), '127.0.0.1').resume();
    socket.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`);
    const [error] = (await once(socket, 'error')) as [Error & { code?: string }];
    expect(error.code).to.equal('ECONNRESET');
  });
});

describe('names of scenarios and errors', () => {
  afterEach(closeAll);

  it('are checked when endpoint() is called', async () => {
    const running = await simulator();
    expect(() => running.endpoint({ scenario: 'nope' })).to.throw(
      RangeError,
      'The Bedrock simulator has no scenario "nope". Scenarios: chat, stream, throttling, validation-error, access-denied, model-not-ready, service-unavailable, error, mid-stream-error, error-frame, reset, truncated, hang, empty-body, not-json.',
    );
  });

  it('are checked when a request arrives', async () => {
    const bedrock = client(`${(await simulator()).url}/scenario/nope`);
    expect((await failure(bedrock.send(new ConverseCommand(REQUEST)))).message).to.match(
      /^The Bedrock simulator has no scenario "nope"\./,
    );
  });

  it('are listed in the answer to an unknown error', async () => {
    const endpoint = (await simulator()).endpoint({ scenario: 'error', parameters: { type: 'NopeException' } });
    const error = await failure(client(endpoint).send(new ConverseCommand(REQUEST)));
    expect(error.message).to.match(
      /^The Bedrock simulator has no error NopeException\. Known errors: AccessDeniedException, /,
    );
  });
});
