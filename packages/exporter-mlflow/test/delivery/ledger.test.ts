import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { runningTime } from '../../src/common/running-time.js';
import type { ReadableSpan } from '../../src/common/sdk-types.js';
import { say } from '../../src/common/shown-text.js';
import { Backlog, type BacklogParts } from '../../src/export/ledger/backlog.js';
import { type LedgerParts, TraceLedger } from '../../src/export/ledger/ledger.js';
import { UnrootedTraces } from '../../src/export/ledger/unrooted.js';
import type { Settling } from '../../src/export/settle/settle.js';
import { copySpan } from '../../src/export/span/span.js';
import type { TraceRecord } from '../../src/export/trace/record.js';
import { Trace } from '../../src/export/trace/trace.js';
import type { Failure } from '../../src/http/exchange/outcome.js';
import { optional, type Rest } from '../../src/mlflow/rest.js';
import { childSpan, recordSpans } from '../support/tracing.js';

const [child, root] = recordSpans((tracer) => {
  const parent = tracer.startSpan('root');
  childSpan(tracer, parent, 'child', { 'session.id': 's' });
  parent.end();
});
const entry = copySpan(child!, { parentSpanContext: { ...root!.spanContext(), isRemote: true } });
const FAILURE: Failure = { kind: 'retryable', reason: say`x`, status: 503 };

interface Parts extends Partial<Omit<BacklogParts, 'settling'>>, Partial<Pick<LedgerParts, 'capacity' | 'forgotten'>> {
  settling?: Partial<Settling>;
}

function newLedger({ capacity, forgotten, ...parts }: Parts = {}): { ledger: TraceLedger; backlog: Backlog } {
  const nothing = async (): Promise<undefined> => undefined;
  const settling: Settling = { ahead: nothing, uploaded: nothing, withoutRoot: nothing, ...parts.settling };
  const backlog = new Backlog({
    connect: () => expect.fail('no request is due'),
    concurrencyLimit: 1,
    timeoutMillis: 1000,
    giveUp: () => expect.fail('no trace is given up'),
    leaveEmpty: () => expect.fail('no trace is left empty'),
    ...parts,
    settling,
  });
  const bounds = { ...optional('capacity', capacity), ...optional('forgotten', forgotten) };
  return { backlog, ledger: new TraceLedger({ settling, backlog, concurrencyLimit: 1, ...bounds }) };
}

describe('the trace ledger', () => {
  const known = ({ record, facts }: Trace): unknown => [record.kind, facts.isRooted];

  it('forgets the trace that it has not seen for longest', () => {
    const { ledger } = newLedger({ capacity: 2 });
    ledger.of('a').observe([child!]);
    ledger.of('b').observe([child!]);
    ledger.of('a');
    ledger.of('c');
    const a = ledger.of('a');
    const b = ledger.of('b');
    for (const trace of [a, b]) trace.observe([root!]);
    expect(a.factsOf(root!).sessionId).to.equal('s');
    expect(b.factsOf(root!).sessionId).to.equal(undefined);
  });

  it('remembers of forgotten traces that their root was here, within bounds', () => {
    const { ledger } = newLedger({ capacity: 1, forgotten: 2 });
    for (const id of ['first', 'second', 'third']) ledger.of(id).observe([root!]);
    ledger.of('waiting').observe([child!]);
    ledger.of('last');
    expect(known(ledger.of('third'))).to.deep.equal(['forgotten', true]);
    expect(known(ledger.of('waiting'))).to.deep.equal(['none', false]);
    expect(known(ledger.of('first'))).to.deep.equal(['none', false]);
    // The ledger forgets the trace for the second time.
    expect(known(ledger.of('third'))).to.deep.equal(['forgotten', true]);
  });

  it('keeps the earlier state of a record whose request failed', async () => {
    const trace = newLedger().ledger.of('a');
    const sent = { kind: 'sent', info: {} as TraceRecord, localRootId: 'b', start: 0n, end: 0n } as const;
    expect(await trace.recording(sent, async () => FAILURE)).to.equal(FAILURE);
    expect(trace.record).to.deep.equal({ kind: 'none' });
    await trace.recording(sent, async () => undefined);
    expect(trace.record).to.equal(sent);
  });

  describe('with traces that wait for their root', () => {
    const rest = { limit: { deadline: Number.POSITIVE_INFINITY } } as Rest;
    let backlog: Backlog;
    afterEach(() => backlog.close());

    /** A ledger that settles what it is given, and what it settled without a root. */
    function start(parts: Parts, fails: (traceId: string) => Failure | undefined = () => undefined) {
      const settled: string[] = [];
      const arrivals = new EventTarget();
      const { ledger, backlog: started } = newLedger({
        connect: () => rest,
        giveUp: () => {},
        settling: {
          withoutRoot: async ({ trace }) => {
            settled.push(trace.id);
            arrivals.dispatchEvent(new Event('settled'));
            return fails(trace.id);
          },
        },
        ...parts,
      });
      backlog = started;
      const upload = (...spans: ReadableSpan[]): Promise<unknown> =>
        ledger.settle(ledger.observe(spans), [spans], '1', rest);
      return { settled, arrivals, upload };
    }
    const ofTrace = (traceId: string, span: ReadableSpan = child!): ReadableSpan =>
      copySpan(span, { spanContext: () => ({ ...span.spanContext(), traceId }) });

    it('settles them by itself when no span has come for a while', async () => {
      const { settled, arrivals, upload } = start({ quietMillis: { remote: 20, local: 60_000 } });
      const due = once(arrivals, 'settled');
      await upload(ofTrace('local'), ofTrace('remote', entry));
      await due;
      expect(settled).to.deep.equal(['remote']);
    });

    it('settles all of them in a flush', async () => {
      const { settled, upload } = start({ capacity: 1 });
      // The ledger has forgotten the first one, but it still waits.
      await upload(ofTrace('a'));
      await upload(ofTrace('b'));
      await backlog.catchUp({ deadline: runningTime() + 1000 });
      expect(settled).to.deep.equal(['a', 'b']);
      await backlog.catchUp({ deadline: runningTime() + 1000 });
      expect(settled).to.have.length(2);
    });

    it('makes exports wait while too many traces wait, so that their number has a bound', async () => {
      const { settled, upload } = start({});
      const traces = (count: number, name: string): ReadableSpan[] =>
        Array.from({ length: count }, (_, n) => ofTrace(`${name} ${n}`));
      await upload(...traces(2000, 'a'));
      expect(settled).to.have.length(0);
      await upload(...traces(500, 'b'));
      expect(settled).to.deep.equal(traces(500, 'a').map((span) => span.spanContext().traceId));
    });

    it('gives up the oldest ones if they cannot be settled', async () => {
      const lost: string[] = [];
      const { upload } = start({ giveUp: (_, { reason }) => void lost.push(reason) }, () => FAILURE);
      await upload(...Array.from({ length: 4500 }, (_, n) => ofTrace(`${n}`)));
      expect(lost).to.have.length(500);
    });

    it('settles them with the next flush if that failed for the moment, and gives them up in the end', async () => {
      const lost: string[] = [];
      const { settled, upload } = start({ giveUp: (_, { reason }) => void lost.push(reason) }, () => FAILURE);
      await upload(ofTrace('a'));
      await backlog.catchUp({ deadline: runningTime() + 1000 });
      await backlog.catchUp({ deadline: runningTime() + 1000 });
      expect(settled).to.deep.equal(['a', 'a']);
      backlog.close();
      expect(lost).to.deep.equal(['x']);
    });
  });
});

describe('traces that wait for their root', () => {
  const quietMillis = { remote: 1000, local: 3000 };
  const noneGivenUp = (): never => expect.fail('no trace is given up');
  const waiting = (id: string, span: ReadableSpan): Trace => {
    const trace = new Trace(id);
    trace.arrivedWithoutRoot([span]);
    return trace;
  };
  const ids = (due: { trace: Trace }[]): string[] => due.map(({ trace }) => trace.id);

  it('are due earlier if their root is in another service', () => {
    const traces = new UnrootedTraces({ quietMillis, onDue: () => {}, giveUp: noneGivenUp });
    traces.add({ trace: waiting('local', child!), experimentId: '1' });
    traces.add({ trace: waiting('remote', entry), experimentId: '1' });
    expect(traces.areDue()).to.equal(false);
    expect(ids(traces.takeDue(performance.now() + 2000))).to.deep.equal(['remote']);
    expect(ids(traces.takeDue(performance.now() + 3000))).to.deep.equal(['local']);
    traces.disarm();
  });

  it('wait twice as long after each provisional record', () => {
    const traces = new UnrootedTraces({ quietMillis, onDue: () => {}, giveUp: noneGivenUp });
    const trace = waiting('agent', child!);
    for (const quiet of [3000, 6000, 12_000]) {
      traces.add({ trace, experimentId: '1' });
      expect(traces.takeDue(performance.now() + quiet - 1000)).to.have.length(0);
      expect(traces.takeDue(performance.now() + quiet)).to.have.length(1);
      trace.recordedProvisionally();
    }
  });

  it('are due at once, the oldest first, if there are too many', async () => {
    const due = new EventTarget();
    const traces = new UnrootedTraces({ onDue: () => due.dispatchEvent(new Event('due')), giveUp: noneGivenUp });
    const called = once(due, 'due');
    for (let n = 0; n < 2002; n++) traces.add({ trace: waiting(`${n}`, child!), experimentId: '1' });
    await called;
    expect(ids(traces.takeDue())).to.deep.equal(['0', '1']);
    traces.disarm();
  });

  it('do not keep the process running', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    await delay(0);
    const before = timers();
    const traces = new UnrootedTraces({ onDue: () => {}, giveUp: noneGivenUp });
    traces.add({ trace: waiting('a', child!), experimentId: '1' });
    expect(timers()).to.equal(before);
    traces.disarm();
  });
});
