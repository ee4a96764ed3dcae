/** Calls with and without the instrumentation: retries, aborts, timeouts, errors, callbacks. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { errorView, http1Handler, sameAsUntraced, shapeOf, strayErrors, turns, until } from '../support/compare.js';
import { createClient, startTracing, type Tracing } from '../support/tracing.js';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const CONVERSE: sdk.ConverseCommandInput = { modelId: MODEL, messages: [{ role: 'user', content: [{ text: 'Hi' }] }] };

describe('calls are the same with and without tracing', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: sdk.BedrockRuntimeClient;
  /** The answers of the current test. */
  let respond: (() => SimulatedResponse) | undefined;
  before(async () => {
    simulator = await startSimulator({ respond: () => respond?.() });
  });
  after(() => simulator.close());
  beforeEach(() => {
    respond = undefined;
    tracing = startTracing();
    client = createClient(simulator.url);
  });
  afterEach(async () => {
    client.destroy();
    await tracing.close();
  });

  function useClient(endpoint: string, config: sdk.BedrockRuntimeClientConfig = {}): sdk.BedrockRuntimeClient {
    client.destroy();
    client = createClient(endpoint, config);
    return client;
  }

  const asked = (count: number): Promise<void> => until(() => simulator.requests.length >= count);

  describe('that the SDK retries', () => {
    const throttled = (times: number): string => simulator.endpoint({ scenario: 'throttling', parameters: { times } });

    it('have one span with the number of resends, and the status and request id of the answer', async () => {
      const { $metadata } = await useClient(throttled(2), { maxAttempts: 3 }).send(new sdk.ConverseCommand(CONVERSE));
      expect($metadata.attempts).to.equal(3);
      expect(tracing.spans()).to.have.lengthOf(1);
      expect(tracing.spans()[0]?.attributes).to.include({
        'http.request.resend_count': 2,
        'http.response.status_code': 200,
        'aws.request_id': $metadata.requestId,
      });
    });

    it('have the status and request id of the error if the SDK gives up', async () => {
      const retrying = useClient(simulator.endpoint({ scenario: 'throttling' }), { maxAttempts: 2 });
      const error = await retrying
        .send(new sdk.ConverseCommand(CONVERSE))
        .catch((thrown: sdk.ThrottlingException) => thrown);
      expect(tracing.spans()).to.have.lengthOf(1);
      expect(tracing.spans()[0]?.attributes).to.include({
        'http.request.resend_count': 1,
        'http.response.status_code': 429,
        'aws.request_id': error.$metadata.requestId,
      });
    });

    it('have the number of resends before an abort, whose error has no metadata', async () => {
      const { length } = simulator.requests;
      respond = () => (simulator.requests.length === length + 1 ? { status: 503, body: {} } : { ending: 'hang' });
      const controller = new AbortController();
      const answer = useClient(simulator.url, { maxAttempts: 3 })
        .send(new sdk.ConverseCommand(CONVERSE), { abortSignal: controller.signal })
        .catch(errorView);
      await asked(length + 2);
      controller.abort();
      expect(await answer).to.have.property('error', 'AbortError');
      expect(tracing.spans()[0]?.attributes).to.include({ 'http.request.resend_count': 1 });
      expect(tracing.spans()[0]?.attributes).to.not.have.any.keys('http.response.status_code', 'aws.request_id');
    });

    it('have no number of resends if the first attempt succeeds', async () => {
      await client.send(new sdk.ConverseCommand(CONVERSE));
      expect(tracing.spans()[0]?.attributes).to.not.have.property('http.request.resend_count');
    });
  });

  for (const when of ['before', 'during', 'after'] as const) {
    it(`end the same if they are aborted ${when} they are sent and answered`, async () => {
      if (when === 'during') useClient(simulator.endpoint({ scenario: 'hang' }));
      await sameAsUntraced(tracing, async () => {
        const controller = new AbortController();
        if (when === 'before') controller.abort();
        const { length } = simulator.requests;
        const answer = client
          .send(new sdk.ConverseCommand(CONVERSE), { abortSignal: controller.signal })
          .then(({ stopReason }) => ({ stopReason }), errorView);
        if (when === 'during') {
          await asked(length + 1);
          controller.abort();
        }
        const seen = await answer;
        controller.abort();
        await turns(2);
        return seen;
      });
      expect(tracing.spans()).to.have.lengthOf(1);
      expect(tracing.spans()[0]?.attributes['error.type']).to.equal(when === 'after' ? undefined : 'AbortError');
    });
  }

  for (const [handler, config] of [
    ['HTTP/2', { requestHandler: { requestTimeout: 50 } as never }],
    ['HTTP/1.1', http1Handler({ requestTimeout: 50, throwOnRequestTimeout: true })],
  ] as const) {
    for (const command of [() => new sdk.ConverseCommand(CONVERSE), () => new sdk.ConverseStreamCommand(CONVERSE)]) {
      it(`time out the same for ${command().constructor.name} over ${handler}`, async () => {
        const hanging = useClient(simulator.endpoint({ scenario: 'hang' }), config);
        const seen = await sameAsUntraced(tracing, () =>
          hanging.send(command() as sdk.ConverseCommand).catch(errorView),
        );
        expect(seen).to.have.property('error', 'TimeoutError');
        expect(tracing.spans().map(({ attributes }) => attributes['error.type'])).to.deep.equal(['TimeoutError']);
      });
    }
  }

  it('fail the same if the service refuses a stream at once', async () => {
    const failing = useClient(simulator.endpoint({ scenario: 'access-denied' }));
    const body = '{"messages":[]}';
    for (const command of [
      () => new sdk.ConverseStreamCommand(CONVERSE),
      () => new sdk.InvokeModelWithResponseStreamCommand({ modelId: MODEL, body }),
    ]) {
      const seen = await sameAsUntraced(tracing, () =>
        failing.send(command() as sdk.ConverseStreamCommand).catch(errorView),
      );
      expect(seen).to.have.property('error', 'AccessDeniedException');
      expect(tracing.spans().at(-1)?.attributes).to.include({ 'http.response.status_code': 403 });
    }
    expect(tracing.spans()).to.have.lengthOf(2);
  });

  it('call back the same from the aggregated client, in all forms', async () => {
    const aggregated = new sdk.BedrockRuntime({
      region: 'us-east-1',
      endpoint: simulator.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    await sameAsUntraced(tracing, async () => {
      const outcomes: unknown[] = [];
      const callback = (resolve: (value: unknown) => void) => (error: unknown, output?: sdk.ConverseCommandOutput) =>
        resolve([error, output?.stopReason]);
      outcomes.push(await new Promise((resolve) => aggregated.converse(CONVERSE, callback(resolve))));
      outcomes.push(await new Promise((resolve) => aggregated.converse(CONVERSE, {}, callback(resolve))));
      outcomes.push((await aggregated.converse(CONVERSE, {})).stopReason);
      return outcomes;
    });
    aggregated.destroy();
    expect(tracing.spans()).to.have.lengthOf(3);
  });

  it('end the same if the callback throws, or is in a position that the SDK ignores', async () => {
    const strays = await sameAsUntraced(tracing, () =>
      strayErrors(0, async () => {
        await new Promise<void>((resolve) => {
          client.send(new sdk.ConverseCommand(CONVERSE), () => {
            resolve();
            throw new Error('from the callback');
          });
        });
        const send = client.send.bind(client) as (...args: unknown[]) => Promise<unknown>;
        await send(new sdk.ConverseCommand(CONVERSE), {}, undefined, () => undefined);
      }),
    );
    expect(strays).to.deep.equal([]);
    expect(tracing.spans()).to.have.lengthOf(2);
  });

  it('cause one unhandled rejection with the same error if no caller handles it', async () => {
    const thrown = new Error('from the middleware');
    client.middlewareStack.add(
      () => async () => {
        throw thrown;
      },
      { step: 'build', name: 'thrower' },
    );
    const strays = await sameAsUntraced(tracing, () =>
      strayErrors(1, () => void client.send(new sdk.ConverseCommand(CONVERSE))),
    );
    expect(strays).to.have.lengthOf(1);
    expect(strays[0]).to.equal(thrown);
    const handled = await strayErrors(0, () => client.send(new sdk.ConverseCommand(CONVERSE)).catch(() => undefined));
    expect(handled).to.deep.equal([]);
  });

  it('throw the SDK’s own error for a value that is no command', async () => {
    for (const nothing of [undefined, null, {}, 'text']) {
      const seen = await sameAsUntraced(tracing, () => {
        try {
          return client.send(nothing as never);
        } catch (error) {
          return errorView(error);
        }
      });
      expect(seen).to.have.property('error', 'TypeError');
    }
  });

  it('return objects with the same members, prototypes, $metadata and property flags', async () => {
    const body = JSON.stringify({ anthropic_version: 'a', max_tokens: 9, messages: CONVERSE.messages });
    for (const command of [
      () => new sdk.ConverseCommand(CONVERSE),
      () => new sdk.InvokeModelCommand({ modelId: MODEL, body }),
      () => new sdk.ConverseStreamCommand(CONVERSE),
      () => new sdk.InvokeModelWithResponseStreamCommand({ modelId: MODEL, body }),
    ]) {
      await sameAsUntraced(tracing, async () => shapeOf(await client.send(command() as sdk.ConverseCommand)));
    }
  });

  it('return the same bytes if the answer is no JSON', async () => {
    const bodies = [new Uint8Array([0xff, 0xfe, 0]), '', 'null', '"text"', '{"completion":', '\u0000'];
    for (const body of bodies) {
      respond = () => ({ headers: { 'content-type': 'image/png' }, body });
      const answer = await sameAsUntraced(tracing, () =>
        client
          .send(new sdk.InvokeModelCommand({ modelId: MODEL, body: '{}', accept: 'image/png' }))
          .then((output) => ({ body: output.body, contentType: output.contentType })),
      );
      expect(Buffer.from(answer.body ?? '')).to.deep.equal(Buffer.from(body));
    }
    expect(tracing.spans()).to.have.lengthOf(bodies.length);
  });
});
