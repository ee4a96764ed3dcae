/** What `anthropicMiddleware` does with bodies that Anthropic's API rarely sends. The real SDK: `examples/test`. */

import { trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { anthropicMiddleware, CurrentTraceProcessor } from '../../src/index.js';
import { json, type Recording, recordSpans } from '../support/spans.js';

const ANSWER = { type: 'message', content: [{ type: 'text', text: 'Grüße aus Paris' }] };
const EVENTS = [
  { type: 'message_start', message: { type: 'message', role: 'assistant', content: [] } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße aus Paris' } },
  { type: 'message_stop' },
];
/** Longer than what the middleware keeps. */
const TOO_LONG = 'x'.repeat(17_000_000);

describe('anthropicMiddleware', () => {
  let recording: Recording;
  beforeEach(() => {
    recording = recordSpans(new CurrentTraceProcessor());
  });
  afterEach(() => recording.stop());

  /** Calls the middleware as the SDK does, within a span. Returns the text that the application read. */
  const call = async (
    request: unknown,
    body: ReadableStream<Uint8Array> | string,
    { name = 'anthropic.messages.create', read = (response: Response): Promise<string> => response.text() } = {},
  ): Promise<string> =>
    trace.getTracer('sdk').startActiveSpan(name, async (span) => {
      const text = await read(await anthropicMiddleware(request, async () => new Response(body)));
      span.end();
      return text;
    });
  const requestFor = (stream: boolean) => ({
    url: 'https://example.com/v1/messages',
    body: JSON.stringify({ stream }),
  });
  const lines = (...events: unknown[]): string => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  const recorded = () => recording.spans().map(({ attributes }) => json(attributes, 'mlflow.spanOutputs'));
  const content = () => recorded().map((outputs) => (outputs as typeof ANSWER | undefined)?.content);

  it('records an answer that arrives byte by byte, whole or as events', async () => {
    const bytes = (text: string) =>
      ReadableStream.from([...Buffer.from(text)].map((byte) => Uint8Array.of(byte))) as ReadableStream<Uint8Array>;
    const texts = [JSON.stringify(ANSWER), lines(...EVENTS)];
    expect(await call(requestFor(false), bytes(texts[0] ?? ''))).to.equal(texts[0]);
    expect(await call(requestFor(true), bytes(texts[1] ?? ''))).to.equal(texts[1]);
    expect(content()).to.deep.equal([ANSWER.content, ANSWER.content]);
  });

  it('leaves out lines of a stream that are no events, or too long', async () => {
    const [start, ...rest] = EVENTS;
    const text = `: ping\nevent: x\ndata: [DONE]\ndata: {\n${lines(start)}data: "${TOO_LONG}"\n\n${lines(...rest)}`;
    expect(await call(requestFor(true), text)).to.equal(text);
    const parts = ReadableStream.from(
      [lines(start), `data: "${TOO_LONG}`, `"\n\n${lines(...rest)}`].map((part) => Buffer.from(part)),
    );
    await call(requestFor(true), parts as ReadableStream<Uint8Array>);
    expect(content()).to.deep.equal([ANSWER.content, ANSWER.content]);
  });

  it('records no answer that is no object or too long, which the application gets all the same', async () => {
    const texts = ['[]', '"text"', '{"cut off', '', JSON.stringify({ ...ANSWER, id: TOO_LONG })];
    for (const text of texts) expect((await call(requestFor(false), text)) === text).to.equal(true);
    expect(recorded()).to.deep.equal(texts.map(() => undefined));
  });

  it('leaves requests alone that it cannot read, and spans that are not those of the SDK', async () => {
    const text = JSON.stringify(ANSWER);
    for (const request of [
      undefined,
      {},
      { body: new Uint8Array() },
      { body: '{' },
      { body: '[]' },
      { body: 'null' },
    ]) {
      expect(await call(request, text)).to.equal(text);
    }
    expect(await call(requestFor(false), text, { name: 'another' })).to.equal(text);
    expect(recording.spans().map(({ attributes }) => attributes)).to.deep.equal(Array(7).fill({}));
    expect(await (await anthropicMiddleware(requestFor(false), async () => new Response(text))).text()).to.equal(text);
  });

  it('returns an answer as it is that has no body, or one that is read already', async () => {
    const noBody = new Response(undefined, { status: 204 });
    const isRead = new Response(JSON.stringify(ANSWER));
    await isRead.text();
    for (const response of [noBody, isRead]) {
      await trace.getTracer('sdk').startActiveSpan('anthropic.messages.create', async (span) => {
        expect(await anthropicMiddleware(requestFor(false), async () => response)).to.equal(response);
        span.end();
      });
    }
    expect(recorded()).to.deep.equal([undefined, undefined]);
  });
});
