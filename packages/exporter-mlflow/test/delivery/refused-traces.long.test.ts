import { gunzipSync } from 'node:zlib';
import { context, type Span, type Tracer, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { decodeTraceRequest } from 'testing/otlp-decode.js';
import { MlflowClient, MlflowSpanExporter, type MlflowSpanExporterConfig, type ReadableSpan } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import type { Answer, LocalServer } from '../support/local-server.js';
import { startMetrics } from '../support/metrics.js';
import { childSpan, exportSpans, FAILED, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

const OWN = '7';
const OTHER = '5';

/** What a server refuses, and how it says so. */
interface Refusing {
  /** Names of spans. The server refuses each trace with one of them, as a trace of another experiment. */
  foreign?: RegExp;
  /** The same, as archived traces. */
  archived?: RegExp;
  /** Names of spans that the server refuses themselves. */
  bad?: RegExp;
  /** Whether the answer names a trace. Default: `true`. */
  names?: boolean;
  /** Whether the server tells where it keeps traces. Default: `true`. */
  tells?: boolean;
  /** Names of spans. The server takes these traces, although they are in another experiment. */
  elsewhere?: RegExp;
  /** How often the server fails after the first refusal. Default: never. */
  outages?: number;
  /** The text of an answer without a name. */
  text?: string;
}

describe('traces that the server refuses', () => {
  const { log, closing, startServer } = eachTest();

  /** A server with the answers of MLflow 3.18. */
  async function refuse(options: Refusing, config: MlflowSpanExporterConfig = {}) {
    const { names = true, tells = true, text = 'This trace is in another experiment.' } = options;
    const foreign = new Set<string>();
    const archived = new Set<string>();
    const arrived = new Map<string, number>();
    const moved = new Set<string>();
    const counts = { accepted: 0, refused: 0, outages: 0 };
    const refusal = (status: number, code: string, message: string): Answer => {
      counts.refused += 1;
      return { status, body: JSON.stringify({ error_code: code, message }) };
    };
    const upload = (body: Buffer): Answer | undefined => {
      const spans = decodeTraceRequest(gunzipSync(body));
      for (const { traceId, name } of spans) {
        if (options.foreign?.test(name)) foreign.add(traceId);
        if (options.archived?.test(name)) archived.add(traceId);
        if (options.elsewhere?.test(name)) moved.add(traceId);
      }
      if (counts.refused > 0 && counts.outages < (options.outages ?? 0)) {
        counts.outages += 1;
        return { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"database is locked"}' };
      }
      const sent = [...new Set(spans.map(({ traceId }) => traceId))].sort();
      const elsewhere = sent.find((id) => foreign.has(id));
      const inArchive = sent.filter((id) => archived.has(id)).map((id) => `'tr-${id}'`);
      if (spans.some(({ name }) => options.bad?.test(name))) return { status: 422, body: '{"detail":"bad span"}' };
      if (elsewhere !== undefined) {
        const message = names ? `Trace with ID 'tr-${elsewhere}' already exists in another experiment.` : text;
        return refusal(400, 'INVALID_PARAMETER_VALUE', message);
      }
      if (inArchive.length > 0) {
        return refusal(500, 'INVALID_STATE', `Cannot log spans to archived traces: ${inArchive.join(', ')}.`);
      }
      counts.accepted += 1;
      for (const { name } of spans) arrived.set(name, (arrived.get(name) ?? 0) + 1);
      return undefined;
    };
    const locate = (body: Buffer): Answer => {
      if (!tells) return { status: 404, body: '<h1>Not Found</h1>' };
      const { trace_ids: ids } = JSON.parse(body.toString()) as { trace_ids: string[] };
      const infos = ids.flatMap((id) => {
        const isForeign = foreign.has(id.slice(3)) || moved.has(id.slice(3));
        const isArchived = archived.has(id.slice(3));
        if (!isForeign && !isArchived) return [];
        return {
          trace_id: id,
          trace_location: { mlflow_experiment: { experiment_id: isForeign ? OTHER : OWN } },
          tags: { 'mlflow.trace.spansLocation': isArchived ? 'ARCHIVE_REPO' : 'TRACKING_STORE' },
        };
      });
      return { status: 200, body: JSON.stringify({ trace_infos: infos }) };
    };
    const server = await startServer(({ path, body }) => {
      if (path === '/v1/traces') return upload(body);
      return path.endsWith('/batchGetInfos') ? locate(body) : undefined;
    });
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, ...config });
    closing.push(() => exporter.shutdown());
    const own = (): number => [...arrived.keys()].filter((name) => name.startsWith('own')).length;
    return { server, exporter, counts, arrived, own };
  }

  const records = ({ requests }: LocalServer): number =>
    requests.filter(({ path }) => path === '/api/3.0/mlflow/traces').length;

  /** Traces of one span each. The chosen ones are spread over the batch. */
  const mixed = (total: number, others: number, name: string): ReadableSpan[] =>
    recordSpans((tracer) => {
      for (let n = 0; n < total; n++) {
        const isOther = Math.floor((n * others) / total) !== Math.floor(((n + 1) * others) / total);
        tracer.startSpan(isOther ? name : `own ${n}`).end();
      }
    });
  const within = (tracer: Tracer, name: string, work: (root: Span) => void): void => {
    const root = tracer.startSpan(name);
    work(root);
    root.end();
  };

  it('cost no other trace its spans or its record, and cause one line that says what to do', async () => {
    const { provider: meterProvider, read } = startMetrics();
    const { server, exporter, counts, own } = await refuse({ foreign: /shared/ }, { meterProvider });
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 50; n++) tracer.startSpan(`own ${n}`).end();
      within(tracer, 'shared', (root) => void childSpan(tracer, root, 'call'));
      for (let n = 50; n < 100; n++) tracer.startSpan(`own ${n}`).end();
    });
    const shared = spans.find(({ name }) => name === 'shared')!.spanContext().traceId;
    const { code, error } = await exportSpans(exporter, spans);
    const reason = `MLflow at ${server.url} has trace tr-${shared} in experiment 5 and refuses its spans for experiment 7: let all services that share traces use one experiment (experimentId, experimentName, MLFLOW_EXPERIMENT_ID or MLFLOW_EXPERIMENT_NAME).`;
    expect([code, error?.message]).to.deep.equal([FAILED, reason]);
    // The first trace goes alone. It shows that the server accepts spans, so the records of the others go first.
    expect([own(), counts, records(server)]).to.deep.equal([100, { accepted: 2, refused: 1, outages: 0 }, 101]);
    expect(log.lines).to.deep.equal([`error: ${reason} 2 spans were not delivered.`]);
    const exported = (await read())['otel.sdk.exporter.span.exported {span}']?.map(({ attributes, value }) => [
      attributes['error.type'],
      value,
    ]);
    expect(exported).to.have.deep.members([
      [undefined, 100],
      ['rejected', 2],
    ]);
  });

  it('are not sent again when later spans of them end', async () => {
    const { exporter, counts, own } = await refuse({ foreign: /shared/ });
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('shared');
      childSpan(tracer, root, 'own 1');
      root.end();
      childSpan(tracer, root, 'late');
      tracer.startSpan('own 2').end();
      childSpan(tracer, root, 'very late');
    });
    const [child, root, late, other, veryLate] = spans;
    expect((await exportSpans(exporter, [child!, root!])).code).to.equal(FAILED);
    const refusals = counts.refused;
    const { code, error } = await exportSpans(exporter, [late!, other!]);
    expect([code, error?.message.includes('experiment 5')]).to.deep.equal([FAILED, true]);
    expect((await exportSpans(exporter, [veryLate!])).code).to.equal(FAILED);
    expect([counts.refused, counts.accepted, own()]).to.deep.equal([refusals, 1, 1]);
    await exporter.shutdown();
    expect(log.lines.map((line) => line.replace(/.*: /, ''))).to.have.length(2);
    expect(log.lines[1]).to.equal('warn: MLflow exporter: 4 spans were not delivered in all.');
  });

  for (const others of [1, 100, 256]) {
    it(`are all known after one refusal if the server tells where it keeps traces: ${others} of 512`, async () => {
      for (const names of [true, false]) {
        const { exporter, counts, own } = await refuse({ foreign: /shared/, names });
        expect((await exportSpans(exporter, mixed(512, others, 'shared'))).code).to.equal(FAILED);
        expect([own(), counts]).to.deep.equal([512 - others, { accepted: 2, refused: 1, outages: 0 }]);
      }
    });
  }

  it('are found one by one if only the answers name them', async () => {
    const { exporter, counts, own } = await refuse({ foreign: /shared/, tells: false });
    expect((await exportSpans(exporter, mixed(512, 100, 'shared'))).code).to.equal(FAILED);
    expect([own(), counts.refused]).to.deep.equal([412, 100]);
    expect(counts.accepted).to.be.below(102);
    expect(log.lines).to.have.length(1);
    expect(log.lines[0]).to.match(
      /^error: MLflow at .+ has trace tr-[0-9a-f]{32} in another experiment and refuses its spans for experiment 7: .+ 100 spans of 100 such traces were not delivered\.$/,
    );
  });

  it('are found by halves if nothing names them, in few requests', async () => {
    for (const text of ['This trace is in another experiment.', 'no']) {
      const { exporter, counts, own } = await refuse({ foreign: /shared/, names: false, tells: false, text });
      await exportSpans(exporter, mixed(512, 1, 'shared'));
      expect(own()).to.equal(511);
      expect(counts.refused).to.be.below(14);
      expect(counts.accepted).to.be.below(11);
    }
  });

  for (const [spread, spans] of [
    ['spread over the batch', () => mixed(512, 100, 'shared')],
    [
      'one after the other',
      () =>
        recordSpans((tracer) => {
          for (let n = 0; n < 512; n++) tracer.startSpan(n < 100 ? 'shared' : `own ${n}`).end();
        }),
    ],
  ] as const) {
    it(`do not keep a hundred requests from finding the others if nothing names them and they are ${spread}`, async () => {
      for (const text of ['This trace is in another experiment.', 'no']) {
        const { exporter, counts, own } = await refuse({ foreign: /shared/, names: false, tells: false, text });
        await exportSpans(exporter, spans());
        expect(own()).to.equal(412);
        expect(counts.accepted + counts.refused).to.be.below(700);
      }
    });
  }

  it('are recognised as a whole if nothing names them and no answer says what is wrong', async () => {
    const { exporter, counts, own } = await refuse({ foreign: /shared/, names: false, tells: false, text: 'no' });
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 20; n++) {
        within(tracer, 'shared', (root) => {
          for (let child = 0; child < 9; child++) childSpan(tracer, root, 'call');
        });
        within(tracer, `own ${n}`, (root) => void childSpan(tracer, root, 'call'));
      }
    });
    const { code, error } = await exportSpans(exporter, spans);
    expect([code, own()]).to.deep.equal([FAILED, 20]);
    expect(error?.message).to.match(/refuses every span of trace tr-[0-9a-f]{32} \(no\)\.$/);
    expect(counts.refused).to.be.below(70);
  });

  it('cause one line for each cause, and none of these lines keeps another from being logged', async () => {
    let isDown = false;
    const server = await startServer(({ path, body }) => {
      if (path !== '/v1/traces') return undefined;
      if (isDown) return { status: 403, body: '{"error_code":"PERMISSION_DENIED","message":"closed"}' };
      const odd = decodeTraceRequest(gunzipSync(body)).find(({ name }) => name.startsWith('odd'));
      if (odd === undefined) return undefined;
      return { status: 400, body: `{"message":"${odd.name}: trace tr-${odd.traceId} cannot be stored"}` };
    });
    const exporter = new MlflowSpanExporter({ trackingUri: server.url });
    closing.push(() => exporter.shutdown());
    const spans = recordSpans((tracer) => {
      tracer.startSpan('own').end();
      for (let n = 0; n < 50; n++) tracer.startSpan(`odd ${n % 25}`).end();
    });
    expect((await exportSpans(exporter, spans)).code).to.equal(FAILED);
    expect(log.lines).to.have.length(20);
    for (const line of log.lines) expect(line).to.match(/ 2 spans of 2 such traces were not delivered\.$/);
    isDown = true;
    await exportSpans(exporter, mixed(1, 0, ''));
    expect(log.lines[20]).to.match(/^error: MLflow at \S+ does not allow this \(403: closed\)/);
  });

  it('are not all those of a request that the answer repeats', async () => {
    const arrived = new Set<string>();
    const server = await startServer(({ path, body }) => {
      if (path !== '/v1/traces') return undefined;
      const spans = decodeTraceRequest(gunzipSync(body));
      const ids = spans.map(({ traceId }) => traceId).join();
      if (spans.some(({ name }) => name === 'odd')) return { status: 400, body: `{"message":"cannot store ${ids}"}` };
      for (const { name } of spans) arrived.add(name);
      return undefined;
    });
    const exporter = new MlflowSpanExporter({ trackingUri: server.url });
    closing.push(() => exporter.shutdown());
    expect((await exportSpans(exporter, mixed(32, 1, 'odd'))).code).to.equal(FAILED);
    expect(arrived.size).to.equal(31);
  });

  it('do not keep the few others from being found', async () => {
    for (const [names, others] of [
      [true, 500],
      [false, 390],
    ] as const) {
      const { exporter, own } = await refuse({ foreign: /shared/, names, tells: false });
      await exportSpans(exporter, mixed(512, others, 'shared'));
      expect(own()).to.equal(512 - others);
      expect(log.lines.splice(0)).to.have.length(1);
    }
  });

  it('are given up if the server refuses everything', async () => {
    for (const text of ['This trace is in another experiment.', 'no']) {
      const { exporter, counts } = await refuse({ foreign: /shared/, names: false, tells: false, text });
      expect((await exportSpans(exporter, mixed(512, 512, 'shared'))).code).to.equal(FAILED);
      expect(counts.accepted).to.equal(0);
      expect(counts.refused).to.be.below(201);
    }
    // One refusal is enough if the server knows all of them elsewhere, besides that of the first trace.
    const { exporter, counts } = await refuse({ foreign: /shared/ });
    await exportSpans(exporter, mixed(512, 512, 'shared'));
    expect([counts.accepted, counts.refused]).to.deep.equal([0, 2]);
  });

  it('let no record go ahead of spans that the server has already, if they come first', async () => {
    const { server, exporter, own } = await refuse({ foreign: /shared/ }, { maxRequestBytes: 1_500 });
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 20; n++) tracer.startSpan(n === 0 ? 'shared' : `own ${n}`).end();
    });
    await exportSpans(exporter, spans);
    expect([own(), records(server)]).to.deep.equal([19, 19]);
    const uploads = server.requests.filter(({ path }) => path === '/v1/traces').slice(1);
    const [first, ...later] = uploads.map(({ body }) => decodeTraceRequest(gunzipSync(body)).length);
    const before = server.requests.slice(0, server.requests.indexOf(uploads[1]!));
    expect(records({ ...server, requests: before })).to.equal(later.reduce((sum, count) => sum + count, 0));
    expect(first).to.be.within(1, 18);
  });

  it('do not hide a bad span in another trace, nor the other way round', async () => {
    for (const tells of [true, false]) {
      const { exporter, own, arrived } = await refuse({ foreign: /shared/, bad: /^own bad$/, tells });
      const spans = recordSpans((tracer) => {
        for (let n = 0; n < 10; n++) tracer.startSpan(n % 3 === 0 ? 'shared' : `own ${n}`).end();
        within(tracer, 'own root', (root) => {
          for (let n = 0; n < 8; n++) childSpan(tracer, root, n === 5 ? 'own bad' : `own child ${n}`);
        });
      });
      expect((await exportSpans(exporter, spans)).code).to.equal(FAILED);
      expect(own()).to.equal(6 + 8);
      expect([...arrived.values()].every((count) => count === 1)).to.equal(true);
      const told = log.lines.splice(0).map((line) => line.replace(/ at \S+ has trace \S+.*/, ''));
      // This server cannot tell the totals of a trace that was divided after its record.
      expect(told.filter((line) => !line.includes('not the trace record'))).to.deep.equal([
        'warn: MLflow refuses span "own bad" (bad span), it was dropped.',
        'error: MLflow',
      ]);
    }
  });

  it('are not retried if they are archived, although the status is 500', async () => {
    for (const tells of [true, false]) {
      const { server, exporter, counts, own } = await refuse({ archived: /old/, tells });
      const { code, error } = await exportSpans(exporter, mixed(200, 100, 'old'));
      expect([code, own(), counts]).to.deep.equal([FAILED, 100, { accepted: 2, refused: 1, outages: 0 }]);
      expect(error?.message).to.match(
        /^MLflow at \S+ has archived trace tr-[0-9a-f]{32} and takes no further spans of it: end all spans of a trace before the server archives it, or let the server archive later\.$/,
      );
      expect(error?.message).to.include(server.url);
      expect(log.lines.splice(0)).to.have.length(1);
    }
  });

  it('are only those that the answer is about: MLflow 3.17 takes traces of other experiments', async () => {
    const { server, exporter, own } = await refuse({ archived: /old/, elsewhere: /elsewhere/ });
    const spans = recordSpans((tracer) => {
      for (const name of ['old', 'own elsewhere', 'own']) tracer.startSpan(name).end();
    });
    await exportSpans(exporter, spans);
    expect([own(), records(server)]).to.deep.equal([2, 2]);
    expect(log.lines).to.have.length(1);
  });

  it('do not keep the others from being retried after an outage', async () => {
    const { exporter, own, counts } = await refuse(
      { foreign: /shared/, outages: 2 },
      { retry: { initialBackoffMillis: 0 } },
    );
    expect((await exportSpans(exporter, mixed(20, 3, 'shared'))).code).to.equal(FAILED);
    expect([own(), counts.outages]).to.deep.equal([17, 2]);
  });

  it('are not those that a user deleted while the server stored them', async () => {
    let isDeleted = false;
    const server = await startServer(({ path, body }) => {
      if (path !== '/v1/traces' || isDeleted) return undefined;
      isDeleted = true;
      const [span] = decodeTraceRequest(gunzipSync(body));
      const message = `Cannot log spans to traces that no longer exist: 'tr-${span?.traceId}'.`;
      return { status: 404, body: JSON.stringify({ error_code: 'RESOURCE_DOES_NOT_EXIST', message }) };
    });
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, retry: { initialBackoffMillis: 0 } });
    closing.push(() => exporter.shutdown());
    expect((await exportSpans(exporter, mixed(3, 0, ''))).code).to.equal(SUCCESS);
    expect([isDeleted, ...log.lines]).to.deep.equal([true]);
  });

  it('cost a real server no other trace', async () => {
    const { url: trackingUri } = await testServer();
    const [first, second] = [uniqueName('first'), uniqueName('second')].map(
      (experimentName) => new MlflowSpanExporter({ trackingUri, experimentName }),
    );
    let shared: Span | undefined;
    const roots = recordSpans((tracer) => {
      shared = tracer.startSpan('shared');
      shared.end();
    });
    const below = recordSpans((tracer) => {
      tracer.startSpan('own').end();
      const parent = { ...shared!.spanContext(), isRemote: true };
      tracer.startSpan('entry', {}, trace.setSpanContext(context.active(), parent)).end();
      tracer.startSpan('own').end();
    });
    expect((await exportSpans(first!, roots)).code).to.equal(SUCCESS);
    const { code } = await exportSpans(second!, below);
    await Promise.all([first!.shutdown(), second!.shutdown()]);
    const client = new MlflowClient({ trackingUri });
    closing.push(() => client.close());
    for (const span of below.filter(({ name }) => name === 'own')) {
      expect(await client.getTraceInfo(span.spanContext().traceId)).to.deep.include({ name: 'own', state: 'OK' });
    }
    // Before 3.18, MLflow adds the spans to the trace wherever it is.
    const refusal = /has trace tr-[0-9a-f]{32} in experiment \d+ and refuses its spans for experiment \d+: /;
    expect(log.lines.map((line) => refusal.test(line))).to.deep.equal(code === SUCCESS ? [] : [true]);
  }).timeout(300_000);
});
