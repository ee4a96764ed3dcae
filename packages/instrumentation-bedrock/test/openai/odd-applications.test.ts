/** OpenAI's SDK on Bedrock with odd applications: headers, responses and errors that only mocks and gateways have. */

import { context, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type OpenAI from 'openai';
import { sameAsUntraced, until } from '../support/compare.js';
import { chatChunks, MESSAGES, MODEL, type OpenAiServer, SDKS, startOpenAi } from '../support/openai.js';
import { collect, startTracing, type Tracing } from '../support/tracing.js';

const chat = { model: MODEL, messages: MESSAGES };
const ANSWER = {
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};

/** What a mock returns for a `Response`. */
const mocked = (type: string, members: object): object => ({
  ok: true,
  status: 200,
  headers: new Headers({ 'content-type': type }),
  ...members,
});

/** Returns what the application sees. */
async function viewOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify(await run()));
  } catch (error) {
    return { class: (error as Error).constructor.name, message: (error as Error).message };
  }
}

for (const version of ['4', '7'] as const) {
  const { OpenAI: Client } = SDKS[version];

  describe(`odd applications of OpenAI's SDK, version ${version}`, () => {
    let server: OpenAiServer;
    let tracing: Tracing;
    before(async () => {
      server = await startOpenAi();
    });
    after(() => server.close());
    beforeEach(() => {
      tracing = startTracing({ config: { openAIHosts: ['127.0.0.1'] } });
      tracing.instrumentation.manuallyInstrument(SDKS[version]);
    });
    afterEach(() => tracing.close());

    const client = (options: object = {}): OpenAI =>
      new Client({ apiKey: 'key', baseURL: server.url, maxRetries: 0, ...options });
    const answeredWith = (response: object): OpenAI => client({ fetch: async () => response });

    for (const [name, headers] of Object.entries({
      'no pairs': [undefined],
      'an object that throws': new Proxy({}, { get: () => expect.fail('no headers'), ownKeys: () => ['x-test'] }),
    })) {
      it(`ends the span of a request whose headers are ${name}`, async () => {
        await sameAsUntraced(tracing, () =>
          viewOf(() => client().chat.completions.create(chat, { headers: headers as never })),
        );
        expect(tracing.spans()).to.have.lengthOf(1);
      });
    }

    it('passes on an error whose headers are no headers', async () => {
      class Prepared extends Client {
        protected override async prepareRequest(): Promise<void> {
          throw Object.assign(new RangeError('of the application'), { status: 500, headers: [1] });
        }
      }
      const prepared = new Prepared({ apiKey: 'key', baseURL: server.url, maxRetries: 0 });
      const view = await sameAsUntraced(tracing, () => viewOf(() => prepared.chat.completions.create(chat)));
      expect(view).to.deep.equal({ class: 'RangeError', message: 'of the application' });
      expect(tracing.spans()[0]?.attributes).to.include({ 'error.type': 'RangeError' });
    });

    it('reads a response that a mock returns for many calls once for each', async () => {
      const response = mocked('application/json', {
        json: async () => ANSWER,
        text: async () => JSON.stringify(ANSWER),
      });
      const { text, json } = response as { text: unknown; json: unknown };
      const { chat: api } = answeredWith(response);
      await Promise.all([api.completions.create(chat), api.completions.create(chat)]);
      const replaced = response as { text: unknown; json: unknown };
      const first = { ...replaced };
      for (let count = 0; count < 3; count++) await api.completions.create(chat);
      expect([replaced.text, replaced.json]).to.deep.equal([first.text, first.json]);
      expect([replaced.text, replaced.json]).to.not.include.members([text, json]);
      const tokens = tracing.spans().map(({ attributes }) => attributes['gen_ai.usage.output_tokens']);
      expect(tokens).to.deep.equal([2, 2, 2, 2, 2]);
    });

    it('reads a mock whose methods return their results at once', async () => {
      const response = mocked('application/json', { json: () => ANSWER, text: () => JSON.stringify(ANSWER) });
      await sameAsUntraced(tracing, () => answeredWith(response).chat.completions.create(chat));
      expect(tracing.spans()[0]?.attributes).to.include({ 'gen_ai.usage.output_tokens': 2 });
    });

    it('ends the span of an answer without a type or without a body', async () => {
      const { headers: _, ...typeless } = mocked('', { headers: new Headers(), text: async () => 'Hi' }) as {
        headers: object;
      };
      const bare = { ...typeless, headers: new Headers() };
      await sameAsUntraced(tracing, () => viewOf(() => answeredWith(bare).chat.completions.create(chat)));
      const empty = mocked('text/event-stream', { body: null });
      const read = async (): Promise<unknown> =>
        collect(await answeredWith(empty).chat.completions.create({ ...chat, stream: true }));
      await sameAsUntraced(tracing, () => viewOf(read));
      expect(tracing.spans()).to.have.lengthOf(2);
      for (const { attributes } of tracing.spans())
        expect(attributes).to.not.have.property('gen_ai.usage.output_tokens');
    });

    it('sends a call in a context that suppresses tracing, without a span and unmeasured', async () => {
      await tracing.close();
      tracing = startTracing({ config: { openAIHosts: ['127.0.0.1'] }, withMetrics: true });
      tracing.instrumentation.manuallyInstrument(SDKS[version]);
      const suppressed = suppressTracing(context.active());
      const answer = await context.with(suppressed, () => client().chat.completions.create(chat));
      expect(answer.choices[0]?.message.content).to.equal('Hi there');
      expect(tracing.spans()).to.deep.equal([]);
      expect([...(await tracing.metrics()).keys()]).to.deep.equal([]);
    });

    it('has the calls beneath a span that is not sampled unsampled as well', async () => {
      await tracing.close();
      tracing = startTracing({ config: { openAIHosts: ['127.0.0.1'] }, sampler: new AlwaysOffSampler() });
      tracing.instrumentation.manuallyInstrument(SDKS[version]);
      const seen: boolean[] = [];
      const fetch = (...args: Parameters<typeof globalThis.fetch>): Promise<Response> => {
        seen.push(trace.getActiveSpan()?.isRecording() ?? true);
        return globalThis.fetch(...args);
      };
      await client({ fetch }).chat.completions.create(chat);
      expect(seen).to.deep.equal([false]);
      expect(tracing.spans()).to.deep.equal([]);
    });

    it('reads the answer from a blob', async () => {
      const response = await client().chat.completions.create(chat).asResponse();
      expect(await (await response.blob()).text()).to.include('Hi there');
      await until(() => tracing.spans().length > 0);
      expect(tracing.spans()[0]?.attributes).to.include({ 'gen_ai.usage.output_tokens': 7 });
    });

    it('reads a stream whose body has texts instead of bytes', async () => {
      const texts = chatChunks().map(
        (chunk) => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`,
      );
      async function* body(): AsyncGenerator<string> {
        yield* texts;
      }
      const { chat: api } = answeredWith(mocked('text/event-stream', { body: body() }));
      expect(await collect(await api.completions.create({ ...chat, stream: true }))).to.have.lengthOf(5);
      const span = tracing.spans()[0];
      expect(span?.status.code).to.equal(0);
      expect(span?.attributes).to.include({ 'gen_ai.usage.output_tokens': 7 });
    });
  });
}
