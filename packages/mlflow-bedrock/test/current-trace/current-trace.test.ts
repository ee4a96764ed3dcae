import {
  type Context,
  context,
  diag,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { CurrentTraceProcessor } from '../../src/current-trace/current-trace.js';
import { state } from '../../src/current-trace/process-state.js';
import { getCurrentTraceId, getLastActiveTraceId, setActiveRun, traced, updateCurrentTrace } from '../../src/index.js';
import { type Recording, recordSampled, recordSpans } from '../support/spans.js';

const REMOTE = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };

function withBaggage(parent: Context, entries: Record<string, string>): Context {
  const baggage = Object.entries(entries).map(([key, value]) => [key, { value }] as const);
  return propagation.setBaggage(parent, propagation.createBaggage(Object.fromEntries(baggage)));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the current trace', () => {
  for (const [how, processors] of [
    ['with the processor of autolog()', [new CurrentTraceProcessor()]],
    ['with traced() alone', []],
  ] as const) {
    describe(how, () => {
      let recording: Recording;
      beforeEach(() => {
        recording = recordSpans(...processors);
      });
      afterEach(async () => {
        setActiveRun(undefined);
        await recording.stop();
        expect(state.bySpanId.size, 'spans still known by their ids').to.equal(0);
      });

      it('gets updates on its root from nested functions, also after an await', async () => {
        const deep = traced('deep', async () => {
          await turn();
          updateCurrentTrace({
            sessionId: 'session-7',
            userId: 'ada',
            tags: { team: 'travel' },
            metadata: { release: '1.2.3' },
            clientRequestId: 'req-42',
            requestPreview: 'asked',
            responsePreview: 'answered',
            state: 'ERROR',
            modelId: 'm-1',
          });
        });
        const middle = traced('middle', async () => deep());
        await traced('root', async () => {
          await middle();
          traced('later', () =>
            updateCurrentTrace({ tags: { step: 'last' }, requestPreview: 'asked again', state: 'OK' }),
          )();
        })();

        const identity = { 'session.id': 'session-7', 'user.id': 'ada' };
        expect(recording.span('root').attributes).to.include({
          ...identity,
          'mlflow.traceTag.team': 'travel',
          'mlflow.traceTag.step': 'last',
          'mlflow.traceMetadata.release': '1.2.3',
          'mlflow.clientRequestId': 'req-42',
          'mlflow.traceRequestPreview': 'asked again',
          'mlflow.traceResponsePreview': 'answered',
          'mlflow.traceState': 'OK',
          'mlflow.modelId': 'm-1',
        });
        for (const name of ['root', 'deep']) expect(recording.span(name).status.code).to.equal(SpanStatusCode.UNSET);
        expect(recording.span('deep').attributes).to.include(identity);
        expect(recording.span('later').attributes).to.include(identity);
        expect(recording.span('middle').attributes).not.to.have.any.keys('session.id', 'mlflow.clientRequestId');
      });

      it('is separate from traces that run at the same time', async () => {
        const request = (user: string) =>
          traced(user, async () => {
            await turn();
            updateCurrentTrace({ userId: user });
            await turn();
            return getCurrentTraceId();
          })();
        const ids = await Promise.all(['ada', 'bob', 'eve'].map(request));
        for (const [index, user] of ['ada', 'bob', 'eve'].entries()) {
          const span = recording.span(user);
          expect(span.attributes['user.id']).to.equal(user);
          expect(ids[index]).to.equal(`tr-${span.spanContext().traceId}`);
        }
      });

      it('has an id while it runs and after its end', () => {
        expect(getCurrentTraceId()).to.equal(undefined);
        const before = getLastActiveTraceId();
        const id = traced('root', () => {
          traced('child', () => undefined)();
          expect(getLastActiveTraceId()).to.equal(before);
          return getCurrentTraceId();
        })();
        expect(id).to.match(/^tr-[0-9a-f]{32}$/);
        expect(getCurrentTraceId()).to.equal(undefined);
        expect(getLastActiveTraceId()).to.equal(id);
      });

      it('belongs to the run that is active when it starts', () => {
        setActiveRun('run-1');
        traced('in run', () => traced('child', () => setActiveRun(undefined))())();
        traced('after', () => undefined)();
        expect(recording.span('in run').attributes['mlflow.sourceRun']).to.equal('run-1');
        expect(recording.span('child').attributes).not.to.have.property('mlflow.sourceRun');
        expect(recording.span('after').attributes).not.to.have.property('mlflow.sourceRun');
      });

      it('has session and user on the spans of this service when its root is in another service', () => {
        context.with(trace.setSpanContext(ROOT_CONTEXT, REMOTE), () =>
          traced('handler', () => {
            updateCurrentTrace({ sessionId: 'session-7' });
            traced('inside', () => undefined)();
          })(),
        );
        expect(recording.span('handler').attributes['session.id']).to.equal('session-7');
        expect(recording.span('inside').attributes['session.id']).to.equal('session-7');
        expect(getLastActiveTraceId()).to.equal(`tr-${REMOTE.traceId}`);
      });

      it('has session and user of the request until updateCurrentTrace() sets others', () => {
        const request = withBaggage(trace.setSpanContext(ROOT_CONTEXT, REMOTE), {
          'session.id': 'session-7',
          'user.id': 'ada',
          'tenant.id': 'acme',
        });
        const after = traced('after', () => undefined);
        context.with(request, () =>
          traced('handler', () => {
            traced('before', () => undefined)();
            updateCurrentTrace({ userId: 'bob' });
            after();
          })(),
        );
        const of = (name: string) => recording.span(name).attributes;
        expect(of('before')).to.include({ 'session.id': 'session-7', 'user.id': 'ada' });
        for (const name of ['handler', 'after']) {
          expect(of(name)).to.include({ 'session.id': 'session-7', 'user.id': 'bob' });
          expect(of(name)).not.to.have.property('tenant.id');
        }
      });

      it('takes session and user from baggage that the application sets', () => {
        const scope = withBaggage(ROOT_CONTEXT, { 'session.id': 'session-7', 'user.id': '' });
        context.with(scope, () => traced('root', () => traced('inside', () => undefined)())());
        for (const name of ['root', 'inside']) {
          expect(recording.span(name).attributes['session.id']).to.equal('session-7');
          expect(recording.span(name).attributes).not.to.have.property('user.id');
        }
      });

      it('stays unchanged by an update outside of it', () => {
        updateCurrentTrace({ userId: 'ada' });
        traced('root', () => undefined)();
        expect(recording.span('root').attributes).not.to.have.property('user.id');
      });
    });
  }

  it('has a session of several levels as the JSON list that MLflow knows, also for later spans', async () => {
    const recording = recordSpans(new CurrentTraceProcessor());
    traced('root', () => {
      updateCurrentTrace({ sessionId: ['trip "2"', 'étape'] });
      traced('inside', () => undefined)();
    })();
    for (const name of ['root', 'inside']) {
      expect(recording.span(name).attributes['session.id']).to.equal('["trip \\"2\\"","étape"]');
    }
    await recording.stop();
  });

  it('keeps what an update sets to an impossible value, and takes the rest', async () => {
    const recording = recordSpans();
    const logged: string[] = [];
    const ignore = () => {};
    const logger = { error: ignore, info: ignore, debug: ignore, verbose: ignore };
    diag.setLogger({ ...logger, warn: (message) => logged.push(message) });
    traced('root', () => {
      updateCurrentTrace({ state: 'IN_PROGRESS' as 'OK', tags: { team: 'travel' } });
      updateCurrentTrace({ state: 7 as unknown as 'OK' });
      updateCurrentTrace({ sessionId: [], userId: 'ada' });
      updateCurrentTrace({ sessionId: ['trip', 2 as unknown as string] });
      updateCurrentTrace({ sessionId: null as unknown as undefined, tags: { step: 'last' } });
    })();
    diag.disable();
    expect(recording.span('root').attributes).to.include({
      'mlflow.traceTag.team': 'travel',
      'mlflow.traceTag.step': 'last',
      'user.id': 'ada',
    });
    expect(recording.span('root').attributes).not.to.have.any.keys('mlflow.traceState', 'session.id');
    const session =
      'mlflow-bedrock: updateCurrentTrace(): sessionId must be a text or a list of at least one text; the session stays as it was';
    expect(logged).to.deep.equal([
      'mlflow-bedrock: updateCurrentTrace(): state must be OK or ERROR, not "IN_PROGRESS"; the state stays as it was',
      'mlflow-bedrock: updateCurrentTrace(): state must be OK or ERROR, not this number; the state stays as it was',
      session,
      session,
    ]);
    await recording.stop();
  });

  it('is found when another instrumentation started its root and its spans', async () => {
    const recording = recordSpans(new CurrentTraceProcessor());
    const tracer = trace.getTracer('http');
    tracer.startActiveSpan('GET /', { kind: SpanKind.SERVER }, (root) => {
      traced('handler', () => updateCurrentTrace({ userId: 'ada', tags: { team: 'travel' } }))();
      tracer.startSpan('POST bedrock').end();
      root.end();
    });
    expect(recording.span('GET /').attributes).to.include({ 'user.id': 'ada', 'mlflow.traceTag.team': 'travel' });
    expect(recording.span('POST bedrock').attributes['user.id']).to.equal('ada');
    await recording.stop();
  });

  it('has no id when it is not sampled, because MLflow never gets it', async () => {
    const recording = recordSampled(new AlwaysOffSampler(), new CurrentTraceProcessor());
    expect(traced('root', () => getCurrentTraceId())()).to.equal(undefined);
    await recording.stop();
  });
});
