import { type Attributes, context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { setContentConfig } from '../../src/current-trace/content-config.js';
import { CurrentTraceProcessor } from '../../src/current-trace/current-trace.js';
import { strandsMiddleware, updateCurrentTrace } from '../../src/index.js';
import { serve } from '../support/http-like.js';
import { type Recording, recordSampled, recordSpans } from '../support/spans.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const tracer = () => trace.getTracer('strands-agents');

/** One question to an agent, with its spans started and ended in the way of Strands 1.16, and the answer streamed. */
async function* ask(question: string, middleware: typeof strandsMiddleware): AsyncGenerator<string, string> {
  const agent = tracer().startSpan(`invoke_agent ${question}`);
  const loop = tracer().startSpan('execute_agent_loop_cycle', {}, trace.setSpan(context.active(), agent));
  try {
    return yield* middleware(question, async function* () {
      const model = tracer().startSpan('chat', {}, trace.setSpan(context.active(), loop));
      try {
        yield 'first';
        const call: Span = tracer().startSpan(`chat nova ${question}`);
        await turn();
        call.end();
        yield 'second';
        return 'answer';
      } finally {
        model.end();
      }
    });
  } finally {
    loop.end();
    agent.end();
  }
}

async function answer(question: string, middleware = strandsMiddleware): Promise<[string[], string]> {
  const items: string[] = [];
  const stream = ask(question, middleware);
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return [items, value];
    items.push(value);
  }
}

describe('strandsMiddleware', () => {
  let recording: Recording;
  beforeEach(() => {
    recording = recordSpans(new CurrentTraceProcessor());
  });
  afterEach(() => {
    setContentConfig(undefined);
    return recording.stop();
  });

  /** Names of the spans above, the nearest first. */
  function above(name: string): string[] {
    const spans = recording.spans();
    const names: string[] = [];
    let parent = recording.span(name).parentSpanContext?.spanId;
    for (let depth = 0; parent !== undefined && depth < 9; depth++) {
      const span = spans.find((span) => span.spanContext().spanId === parent);
      names.push(span?.name ?? '?');
      parent = span?.parentSpanContext?.spanId;
    }
    return names;
  }

  it('makes a Bedrock call a child of the model span and returns the events and the result of the model', async () => {
    expect(await answer('a')).to.deep.equal([['first', 'second'], 'answer']);
    expect(above('chat nova a')).to.deep.equal(['chat', 'execute_agent_loop_cycle', 'invoke_agent a']);
  });

  it('keeps the spans of agents separate that answer at the same time', async () => {
    await Promise.all([answer('a'), answer('b')]);
    expect(above('chat nova a').at(-1)).to.equal('invoke_agent a');
    expect(above('chat nova b').at(-1)).to.equal('invoke_agent b');
  });

  it('keeps the users of requests apart that share a trace id', async () => {
    const request = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const users = ['ada', 'bob', 'eve'];
    await Promise.all(
      users.map((user) =>
        serve(`request of ${user}`, request, async () => {
          const answering = answer(user);
          await turn();
          updateCurrentTrace({ userId: user });
          await answering;
          await answer(`${user} again`);
        }),
      ),
    );
    for (const user of users) {
      expect(recording.span(`request of ${user}`).attributes).to.include({ 'user.id': user });
      for (const name of [`invoke_agent ${user} again`, `chat nova ${user} again`]) {
        expect(recording.span(name).attributes, name).to.include({ 'user.id': user });
      }
    }
  });

  it('leaves the context of the application unchanged', async () => {
    const stream = ask('a', strandsMiddleware);
    await stream.next();
    expect(context.active()).to.equal(ROOT_CONTEXT);
    await stream.return('enough');
  });

  it('ends the model span when the reader stops early', async () => {
    for await (const item of ask('a', strandsMiddleware)) {
      expect(item).to.equal('first');
      break;
    }
    expect(recording.span('chat').ended).to.equal(true);
  });

  it('passes errors on in both directions', async () => {
    const failing = strandsMiddleware('question', async function* () {
      try {
        yield 'first';
      } catch (error) {
        throw new Error('seen by the model', { cause: error });
      }
    });
    await failing.next();
    const thrown = new Error('from the reader');
    const caught = await failing.throw(thrown).catch((error: unknown) => error);
    expect(caught).to.be.an('error').with.property('message', 'seen by the model');
    expect(caught).to.have.property('cause', thrown);
  });

  it('starts no trace for a call whose agent is not sampled', async () => {
    await recording.stop();
    const withoutAgents: Sampler = {
      shouldSample: (parent, _traceId, name) => {
        const above = trace.getSpanContext(parent);
        const sampled = above ? (above.traceFlags & 1) === 1 : !name.startsWith('invoke_agent');
        return { decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
      },
    };
    recording = recordSampled(withoutAgents, new CurrentTraceProcessor());
    await answer('a');
    expect(recording.spans().map(({ name }) => name)).to.deep.equal([]);
    await answer('b', (call, next) => next(call));
    expect(
      recording.spans().map(({ name }) => name),
      'without the middleware',
    ).to.deep.equal(['chat nova b']);
  });

  it('leaves no content on spans of Strands if content is off, and leaves other spans as they are', () => {
    setContentConfig(resolveConfig({ captureMessageContent: false }, {}, () => {}));
    const record = (name: string, mark: Attributes) => {
      const content = { 'gen_ai.input.messages': 'secret', system_prompt: 'secret', content: 'secret' };
      const span = tracer().startSpan(name, { attributes: { ...content, ...mark, 'gen_ai.usage.input_tokens': 3 } });
      span.addEvent('gen_ai.user.message', { content: 'secret' });
      span.recordException(new RangeError('secret'));
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'secret' });
      span.end();
      const { attributes, events, status } = recording.span(name);
      return { attributes, events: events.map((event) => [event.name, event.attributes]), status };
    };
    const mark = { 'gen_ai.event.start_time': '2026-11-30T00:00:00Z' };
    expect(record('of Strands', mark)).to.deep.equal({
      attributes: { ...mark, 'gen_ai.usage.input_tokens': 3 },
      events: [['exception', { 'exception.type': 'RangeError' }]],
      status: { code: SpanStatusCode.ERROR },
    });
    expect(JSON.stringify(record('other', {})).match(/secret/g)).to.have.length.greaterThan(5);
    setContentConfig(undefined);
    expect(record('with content', mark).attributes).to.include({ system_prompt: 'secret' });
  });

  it('changes nothing with a tracer provider that has no CurrentTraceProcessor', async () => {
    await recording.stop();
    recording = recordSpans();
    expect(await answer('a')).to.deep.equal([['first', 'second'], 'answer']);
    expect(above('chat nova a')).to.deep.equal([]);
  });
});
