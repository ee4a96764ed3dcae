/** Requests that share a trace id: session, user, previews and outgoing baggage of one must not reach another. */

import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Context, context, ROOT_CONTEXT, type Span, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { type Sampler, SamplingDecision, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { state } from '../../src/current-trace/process-state.js';
import {
  CurrentTraceProcessor,
  getCurrentTraceId,
  getLastActiveTraceId,
  setActiveRun,
  traced,
  updateCurrentTrace,
} from '../../src/index.js';
import { type Headers, outgoing, received, serve, tracer } from '../support/http-like.js';
import { type Recording, recordSampled, recordSpans } from '../support/spans.js';

const TRACE_ID = 'a'.repeat(32);
const REQUEST: Headers = { traceparent: `00-${TRACE_ID}-${'b'.repeat(16)}-01` };
const turn = () => new Promise((resolve) => setImmediate(resolve));

const identityOf = (user: string) => ({ 'session.id': `session of ${user}`, 'user.id': user });
const baggageOf = (user: string) => `session.id=session%20of%20${user},user.id=${user}`;
const identify = (user: string) =>
  updateCurrentTrace({ sessionId: `session of ${user}`, userId: user, requestPreview: `${user} asks` });

describe('requests of one trace', () => {
  let recording: Recording;
  const record = (...processors: SpanProcessor[]): void => {
    recording = recordSpans(...processors);
  };
  const attributesOf = (name: string) => recording.span(name).attributes;
  beforeEach(() => record(new CurrentTraceProcessor()));
  afterEach(async () => {
    setActiveRun(undefined);
    await recording.stop();
    expect(state.bySpanId.size, 'spans still known by their ids').to.equal(0);
  });

  for (const [how, processors] of [
    ['with the processor of autolog()', () => [new CurrentTraceProcessor()]],
    ['with traced() alone', () => []],
  ] as const) {
    it(`keep session, user, previews and outgoing baggage to themselves, ${how}`, async () => {
      await recording.stop();
      record(...processors());
      const users = ['ada', 'bob', 'eve'];
      const sent = await Promise.all(
        users.map((user, index) =>
          context.with(received(REQUEST), () =>
            traced(`root of ${user}`, async () => {
              for (let turns = 0; turns < index; turns++) await turn();
              await traced(`${user} logs in`, async () => identify(user))();
              for (let turns = 3; turns > index; turns--) await turn();
              expect(getCurrentTraceId()).to.equal(`tr-${TRACE_ID}`);
              return traced(`${user} calls`, async () => {
                await turn();
                return outgoing();
              })();
            })(),
          ),
        ),
      );
      for (const [index, user] of users.entries()) {
        expect(attributesOf(`root of ${user}`)).to.include({
          ...identityOf(user),
          'mlflow.traceRequestPreview': `${user} asks`,
        });
        expect(attributesOf(`${user} calls`)).to.include(identityOf(user));
        expect(sent[index]?.['baggage']).to.equal(baggageOf(user));
      }
      expect(getLastActiveTraceId()).to.equal(`tr-${TRACE_ID}`);
    });
  }

  it('keep theirs when another one starts or ends', async () => {
    let goOn = (): void => {};
    const isLetGo = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const long = serve('long', REQUEST, async () => {
      identify('ada');
      await isLetGo;
      tracer().startSpan('after').end();
      updateCurrentTrace({ responsePreview: 'ada hears' });
      return outgoing();
    });
    await serve('short', REQUEST, async () => {
      tracer().startSpan('before bob').end();
      expect(outgoing()).not.to.have.property('baggage');
      identify('bob');
    });
    goOn();
    expect((await long)['baggage']).to.equal(baggageOf('ada'));
    expect(attributesOf('after')).to.include(identityOf('ada'));
    expect(attributesOf('long')).to.include({ ...identityOf('ada'), 'mlflow.traceResponsePreview': 'ada hears' });
    expect(attributesOf('short')).to.include(identityOf('bob'));
    expect(attributesOf('short')).not.to.have.property('mlflow.traceResponsePreview');
    expect(attributesOf('before bob')).not.to.have.any.keys('session.id', 'user.id');
  });

  it('keep theirs when a service calls itself over HTTP, except what it passes on', async () => {
    const server = createServer((request, response) => {
      const user = request.url?.slice(1);
      void serve(`GET ${user}`, request.headers as IncomingHttpHeaders & Headers, async () => {
        tracer().startSpan(`${user} starts`).end();
        await turn();
        if (user !== '') identify(String(user));
        response.end(JSON.stringify(outgoing()));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    /** Calls the server below a client span of its own. */
    const call = (path: string, headers?: Headers): Promise<Headers> => {
      const span = tracer().startSpan(`call ${path}`, { kind: SpanKind.CLIENT });
      const below = trace.setSpan(context.active(), span);
      return context.with(below, async () => {
        const response = await fetch(`${url}/${path}`, { headers: headers ?? outgoing() });
        span.end();
        return (await response.json()) as Headers;
      });
    };
    const [bob, eve, passedOn] = await traced('root', async () => {
      const stranger = call('bob');
      await turn();
      identify('ada');
      return Promise.all([stranger, call('eve', { traceparent: String(outgoing()['traceparent']) }), call('')]);
    })();
    const own = outgoing();
    server.close();
    expect(own).to.deep.equal({});
    expect([bob, eve, passedOn].map((headers) => headers?.['baggage'])).to.deep.equal(
      ['bob', 'eve', 'ada'].map(baggageOf),
    );
    for (const user of ['bob', 'eve']) {
      expect(attributesOf(`GET ${user}`)).to.include(identityOf(user));
      expect(attributesOf(`${user} starts`)).not.to.have.any.keys('session.id', 'user.id');
    }
    expect(attributesOf(' starts')).to.include(identityOf('ada'));
    expect(attributesOf('root')).to.include({ ...identityOf('ada'), 'mlflow.traceRequestPreview': 'ada asks' });
  });

  it('are found below copies of a span, whether it runs or ended', async () => {
    const copies: Record<string, (span: Span) => Context> = {
      'a wrapped span': (span) => trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext(span.spanContext())),
      'a span context': (span) => trace.setSpanContext(ROOT_CONTEXT, { ...span.spanContext(), isRemote: false }),
      'a proxy': (span) =>
        trace.setSpan(
          ROOT_CONTEXT,
          new Proxy(span, { get: (target, key) => Reflect.get(target, key, target) as unknown }),
        ),
    };
    for (const [what, copy] of Object.entries(copies)) {
      const request = (user: string): Promise<Headers> =>
        serve(`${user} below ${what}`, REQUEST, async () => {
          const root = trace.getActiveSpan() as Span;
          identify(user);
          await turn();
          const step = tracer().startSpan(`${user} step ${what}`);
          step.end();
          for (const span of [root, step]) {
            await context.with(copy(span), async () => {
              await turn();
              tracer()
                .startSpan(`${user} inside ${what} ${span === root}`)
                .end();
              traced(`${user} updates ${what}`, () => updateCurrentTrace({ tags: { [`${user}`]: what } }))();
              updateCurrentTrace({ metadata: { [`${user}`]: what } });
            });
          }
          return outgoing(copy(step));
        });
      const users = ['ada', 'bob'];
      for (const [index, sent] of (await Promise.all(users.map(request))).entries()) {
        const user = String(users[index]);
        expect(sent['baggage'], what).to.equal(baggageOf(user));
        for (const isRoot of [true, false]) {
          expect(attributesOf(`${user} inside ${what} ${isRoot}`), what).to.include(identityOf(user));
        }
        const { [`mlflow.traceTag.${user}`]: own, ...others } = attributesOf(`${user} below ${what}`);
        expect(own, what).to.equal(what);
        expect(others[`mlflow.traceMetadata.${user}`], what).to.equal(what);
        expect(Object.keys(others).filter((key) => key.startsWith('mlflow.traceTag.'))).to.deep.equal([]);
      }
    }
  });

  it('are found in spans that start after their local root ended', async () => {
    let late: Promise<Headers> | undefined;
    await serve('ada', REQUEST, async () => {
      identify('ada');
      late = (async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return traced('late', () => {
          updateCurrentTrace({ tags: { late: 'yes' } });
          return outgoing();
        })();
      })();
    });
    await serve('bob', REQUEST, async () => {
      identify('bob');
      expect((await late)?.['baggage']).to.equal(baggageOf('ada'));
    });
    expect(attributesOf('late')).to.include({ ...identityOf('ada'), 'mlflow.traceTag.late': 'yes' });
    expect(attributesOf('bob')).not.to.have.property('mlflow.traceTag.late');
  });

  it('have a root of their own for spans that start with another parent', async () => {
    setActiveRun('run-1');
    await serve('ada', REQUEST, async () => {
      identify('ada');
      const own = tracer().startSpan('own trace', { root: true });
      const other = tracer().startSpan('other request', {}, trace.setSpanContext(ROOT_CONTEXT, remote('c')));
      const unknown = { ...remote('d'), isRemote: false };
      const job = tracer().startSpan('job', {}, trace.setSpanContext(ROOT_CONTEXT, unknown));
      const links = [{ context: own.spanContext() }, { context: remote('b') }];
      const batch = tracer().startSpan('batch', { links }, ROOT_CONTEXT);
      for (const [name, span] of Object.entries({ own, other, job, batch })) {
        context.with(trace.setSpan(ROOT_CONTEXT, span), () => {
          expect(outgoing(), name).not.to.have.property('baggage');
          traced(`inside ${name}`, () => identify(name))();
          expect(outgoing()['baggage'], name).to.equal(baggageOf(name));
        });
        span.end();
      }
      expect(outgoing()['baggage']).to.equal(baggageOf('ada'));
    });
    for (const [span, user] of Object.entries({
      ada: 'ada',
      'own trace': 'own',
      'other request': 'other',
      job: 'job',
      batch: 'batch',
    })) {
      expect(attributesOf(span)).to.include({
        ...identityOf(user),
        'mlflow.traceRequestPreview': `${user} asks`,
        'mlflow.sourceRun': 'run-1',
      });
    }
  });

  it('lend nothing to a request that is not sampled', async () => {
    await recording.stop();
    const sampler: Sampler = {
      shouldSample: (_parent, _traceId, name) => ({
        decision: name.startsWith('skipped') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
      }),
    };
    recording = recordSampled(sampler, new CurrentTraceProcessor());
    await traced('root', async () => {
      identify('ada');
      const headers = { traceparent: String(outgoing()['traceparent']) };
      const skipped = (around: Context) =>
        serve(
          'skipped',
          headers,
          async () => {
            identify('nobody');
            tracer().startSpan('below skipped').end();
            traced('skipped, traced', () => expect(outgoing()).not.to.have.property('baggage'))();
            return outgoing();
          },
          { around },
        );
      for (const around of [ROOT_CONTEXT, context.active()]) {
        expect(await skipped(around)).to.have.keys('traceparent');
      }
    })();
    expect(attributesOf('root')).to.include(identityOf('ada'));
    for (const { name, attributes } of recording.spans()) {
      if (name === 'below skipped') expect(attributes).not.to.have.any.keys('session.id', 'user.id');
    }
  });

  it('are found without the processor below spans of other instrumentations', async () => {
    await recording.stop();
    record();
    const request = (user: string): Promise<Headers> =>
      context.with(received(REQUEST), () =>
        traced(user, () =>
          tracer().startActiveSpan('framework', (outer) =>
            tracer().startActiveSpan('framework', async (inner) => {
              await turn();
              traced(`${user} inside`, () => identify(user))();
              await turn();
              outer.end();
              const sent = outgoing();
              inner.end();
              return sent;
            }),
          ),
        )(),
      );
    const users = ['ada', 'bob'];
    const sent = await Promise.all(users.map(request));
    expect(sent.map(({ baggage }) => baggage)).to.deep.equal(users.map(baggageOf));
    for (const user of users) expect(attributesOf(user)).to.include(identityOf(user));
  });

  it('do not stay in memory if they never end', async () => {
    const dropped: WeakRef<object>[] = [];
    const drop = (count: number): void => {
      for (let index = 0; index < count; index++) {
        const root = tracer().startSpan('dropped', {}, trace.setSpanContext(ROOT_CONTEXT, remote('b')));
        context.with(trace.setSpan(ROOT_CONTEXT, root), () => identify('ada'));
        const child = tracer().startSpan('dropped, too', {}, trace.setSpan(ROOT_CONTEXT, root));
        if (index % 100 === 0) dropped.push(new WeakRef(root), new WeakRef(child));
      }
    };
    drop(5100);
    expect(state.bySpanId.size).to.equal(10_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
    (globalThis as { gc?: () => void }).gc?.();
    expect(dropped.filter((span) => span.deref() !== undefined)).to.have.length.below(5);
    // Requests are found as before.
    await serve('ada', REQUEST, async () => identify('ada'));
    expect(attributesOf('ada')).to.include(identityOf('ada'));
    state.bySpanId.clear();
  });
});

function remote(digit: string) {
  return { traceId: TRACE_ID, spanId: digit.repeat(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
}
