import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowClient, MlflowError, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import type { Answer } from '../support/local-server.js';
import { tracesJson } from '../support/traces-json.js';
import { exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

describe('odd answers', () => {
  const { log, closing, startServer } = eachTest();
  function newExporter(trackingUri: string, config: MlflowSpanExporterConfig = {}): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ trackingUri, retry: { maxRetries: 0 }, ...config });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  function newClient(trackingUri: string): MlflowClient {
    const client = new MlflowClient({ trackingUri, retry: { maxRetries: 0 } });
    closing.push(() => client.close());
    return client;
  }
  async function errorOf(work: Promise<unknown>): Promise<MlflowError> {
    const error = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).to.be.instanceOf(MlflowError);
    return error as MlflowError;
  }
  const oneSpan = (): ReadableSpan[] => recordSpans((tracer) => tracer.startSpan('span').end());

  it('an upgrade to another protocol counts as no answer', async () => {
    const server = await startServer(() => (response) => {
      response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    });
    const result = await exportSpans(newExporter(server.url), oneSpan());
    expect(result.error?.message).to.equal(`MLflow at ${server.url} cannot be reached (bad upgrade)`);
  });

  it('every request has the same headers, also with letters beyond ASCII', async () => {
    const server = await startServer(() => undefined);
    const exporter = newExporter(server.url, { workspace: 'Zürich', experimentName: 'local' });
    await exportSpans(exporter, oneSpan());
    const seen = server.requests.map(({ path, headers }) => `${path.split('?')[0]} ${headers['x-mlflow-workspace']}`);
    expect(seen).to.include.members(['/v1/traces Zürich', '/api/3.0/mlflow/traces Zürich']);
    expect(seen.filter((one) => !one.endsWith(' Zürich'))).to.deep.equal([]);
  });

  it('no message shows the credentials, even if the server repeats them', async () => {
    for (const status of [400, 403, 500]) {
      const server = await startServer(({ headers }) => ({
        status,
        body: JSON.stringify({ message: `bad ${headers.authorization}, ${headers.authorization?.split(' ')[1]}` }),
      }));
      const results = [
        await exportSpans(newExporter(server.url, { token: 't0k3n-secret' }), oneSpan()),
        await exportSpans(newExporter(server.url, { username: 'ada', password: 'pässword' }), oneSpan()),
      ];
      for (const { error } of results) expect(error?.message).to.include('bad [redacted], [redacted]');
    }
    expect(log.lines).not.to.have.length(0);
    expect(log.lines.join()).not.to.match(/t0k3n|YWRh/);
  });

  const strangers: [string, Answer][] = [
    ['an empty object', { status: 200, body: '{}' }],
    ['null', { status: 200, body: 'null' }],
    ['a list', { status: 200, body: '[]' }],
    ['nothing', (response) => void response.writeHead(204).end()],
    ['an experiment without id', { status: 200, body: '{"experiment":{}}' }],
    ['text', { status: 200, body: 'OK' }],
  ];
  for (const [what, answer] of strangers) {
    it(`a server that answers with ${what} is reported as no MLflow server`, async () => {
      const server = await startServer(() => answer);
      const message = `What answers at ${server.url} is not an MLflow server: check trackingUri or MLFLOW_TRACKING_URI.`;
      for (const config of [{ experimentId: '7' }, { experimentName: 'local' }]) {
        expect((await exportSpans(newExporter(server.url, config), oneSpan())).error?.message).to.equal(message);
      }
      const line = `error: ${message} 1 span was not delivered.`;
      expect(log.lines).to.deep.equal([line, line]);
      const client = newClient(server.url);
      for (const work of [
        () => client.getExperimentByName('local'),
        () => client.createExperiment('local'),
        () => client.getTrace('tr-1'),
        () => client.getTraceInfo('tr-1'),
        () => client.createRun({ experimentId: '7' }),
        () => client.getRun('r'),
        () => client.logFeedback('tr-1', { name: 'helpful', value: true }),
      ]) {
        expect((await errorOf(work())).message).to.equal(message);
      }
    });
  }

  const info = { trace_id: 'tr-1', request_time: '1970-01-01T00:00:00Z', state: 'OK' };
  const malformed: [string, unknown][] = [
    ['a text for traces', { traces: 'none' }],
    ['an object for traces', { traces: { trace_id: 'tr-1' } }],
    ['traces that are null', { traces: [null] }],
    ['traces without an experiment', { traces: [info] }],
    [
      'traces without id',
      { traces: [{ ...info, trace_id: undefined, trace_location: { mlflow_experiment: { experiment_id: '7' } } }] },
    ],
    ['something else', { status: 'ok' }],
  ];
  for (const [what, answer] of malformed) {
    it(`a search rejects an answer with ${what}`, async () => {
      const server = await startServer(() => ({ status: 200, body: JSON.stringify(answer) }));
      const error = await errorOf(newClient(server.url).searchTraces({ experimentIds: ['7'] }));
      expect(error.message).to.equal(
        `What answers at ${server.url} is not an MLflow server: check trackingUri or MLFLOW_TRACKING_URI.`,
      );
    });
  }

  it('the client rejects traces, runs and prompts with missing parts', async () => {
    const server = await startServer(() => ({
      status: 200,
      body: JSON.stringify({
        trace: { trace_info: { trace_id: 'tr-1' } },
        run: { info: { run_id: 'r' }, data: { params: 'none' } },
        model_version: { name: 'p', tags: 'none' },
      }),
    }));
    const client = newClient(server.url);
    for (const work of [
      () => client.getTrace('tr-1'),
      () => client.getTraceInfo('tr-1'),
      () => client.getRun('r'),
      () => client.getPrompt('p'),
    ]) {
      expect((await errorOf(work())).message).to.equal(
        `What answers at ${server.url} is not an MLflow server: check trackingUri or MLFLOW_TRACKING_URI.`,
      );
    }
  });

  it('an unforeseen error is reported and counted', async () => {
    const server = await startServer(() => undefined);
    const [span] = oneSpan();
    // The first read succeeds, so that the span counts as readable.
    let reads = 0;
    const broken = Object.create(span!, {
      spanContext: {
        value: () => {
          if (++reads > 1) throw new TypeError('no context');
          return span!.spanContext();
        },
      },
    }) as ReadableSpan;
    const result = await exportSpans(newExporter(server.url), [broken]);
    expect([result.code, result.error?.message]).to.deep.equal([FAILED, 'MLflow exporter failed: no context']);
    expect(log.lines).to.deep.equal(['error: MLflow exporter failed: no context. 1 span was not delivered.']);
  });

  /** Sends until the other side closes the connection. */
  const endless =
    (status: number, count: (bytes: number) => void): Answer =>
    (response) => {
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      response.writeHead(status, { 'content-type': 'application/json' });
      const send = (): void => {
        if (response.destroyed) return;
        count(chunk.byteLength);
        response.write(chunk, () => setImmediate(send));
      };
      send();
    };

  it('an endless answer is not read to its end', async () => {
    let sent = 0;
    const server = await startServer(() =>
      endless(200, (bytes) => {
        sent += bytes;
      }),
    );
    const error = await errorOf(newClient(server.url).getTrace('tr-1'));
    expect(error.message).to.equal(
      `${server.url} sends an answer of more than 64 MB: check trackingUri or MLFLOW_TRACKING_URI, or ask for less.`,
    );
    expect(sent).to.be.below(100 * 1024 * 1024);
  });

  it('an endless answer is cut if only its beginning matters', async () => {
    let sent = 0;
    const count = (bytes: number): void => {
      sent += bytes;
    };
    const lenient = await startServer(({ path }) => (path === '/v1/traces' ? endless(200, count) : undefined));
    expect((await exportSpans(newExporter(lenient.url), oneSpan())).code).to.equal(SUCCESS);
    const failing = await startServer(() => endless(500, count));
    const { error } = await exportSpans(newExporter(failing.url), oneSpan());
    expect(error?.message).to.match(/answered 500 \(x{300}…\)$/);
    expect(sent).to.be.below(50 * 1024 * 1024);
  });

  it('a long reason is cut between characters', async () => {
    const detail = `${'x'.repeat(299)}🚫 and much more`;
    const failing = await startServer(() => ({ status: 400, body: JSON.stringify({ detail }) }));
    const { error } = await exportSpans(newExporter(failing.url), oneSpan());
    expect(error?.message).to.include(`${'x'.repeat(299)}…`);
  });

  it('an answer may leave out all of an assessment but its name', async () => {
    const assessments = [{ assessment_name: 'fast', expectation: { serialized_value: { value: '{cut' } } }];
    const info = {
      trace_id: 'tr-1',
      trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '7' } },
      request_time: '1970-01-01T00:00:00Z',
      state: 'OK',
      assessments: [{ assessment_name: 'short' }, ...assessments],
    };
    const server = await startServer(() => ({ status: 200, body: JSON.stringify({ trace: { trace_info: info } }) }));
    const rest = { assessmentId: '', kind: 'expectation', value: null, source: { type: 'CODE' }, metadata: {} };
    expect((await newClient(server.url).getTraceInfo('tr-1')).assessments).to.deep.equal([
      { ...rest, name: 'short' },
      { ...rest, name: 'fast' },
    ]);
  });

  it('an answer may leave out how many traces were deleted, and a server its version and clock', async () => {
    const server = await startServer(({ path }) =>
      path === '/version'
        ? (response) => {
            response.sendDate = false;
            response.end('unknown');
          }
        : { status: 200, body: '{}' },
    );
    const client = newClient(server.url);
    expect(await client.deleteTraces('7', ['tr-1'])).to.equal(0);
    expect(await client.getServer()).to.deep.equal({});
  });

  it('an answer may leave out the start of a span if that is 0', async () => {
    const answer = {
      trace: {
        trace_info: {
          trace_id: 'tr-1',
          trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '7' } },
          request_time: '1970-01-01T00:00:00Z',
          state: 'OK',
        },
        spans: [{ trace_id: 'AQ==', span_id: 'AQ==', name: 'timeless' }],
      },
    };
    const server = await startServer(() => ({ status: 200, body: JSON.stringify(answer) }));
    const { spans } = await newClient(server.url).getTrace('tr-1');
    expect(spans[0]).to.deep.include({ name: 'timeless', startTimeUnixNano: 0n });
  });
});

describe('the file traces.json', () => {
  it('the file keeps names that look like placeholders', () => {
    const spans = recordSpans((tracer) => tracer.startSpan('@0@', { startTime: [1_790_000_000, 1] }).end());
    const text = tracesJson(spans);
    expect(JSON.parse(text).spans[0].name).to.equal('@0@');
    expect(text).to.include('"start_time_unix_nano":1790000000000000001,');
  });
});
