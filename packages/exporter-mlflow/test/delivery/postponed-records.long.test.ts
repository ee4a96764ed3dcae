import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { say } from '../../src/common/shown-text.js';
import { type PostponedTrace, PostponedTraces } from '../../src/export/ledger/postponed.js';
import { Trace } from '../../src/export/trace/trace.js';
import { MlflowSpanExporter } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { type LocalServer, startLocalServer } from '../support/local-server.js';
import { chatAttributes, childSpan, exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

const RECORDS = '/api/3.0/mlflow/traces';
const END =
  /^warn: MLflow takes trace records again after \d+\.\d s: 0 traces were left without their record, \d+ waited\.$/;

describe('trace records that do not fit into the deadline', () => {
  const { log, startServer } = eachTest();
  const roots = (count: number): ReturnType<typeof recordSpans> =>
    recordSpans((tracer) => {
      for (let n = 0; n < count; n++) tracer.startSpan(`trace ${n}`).end();
    });
  const recordsAt = ({ requests }: LocalServer): string[] =>
    requests
      .filter(({ path }) => path === RECORDS)
      .map(({ body }) => JSON.parse(body.toString()).trace.trace_info.trace_id as string);
  const idsOf = (spans: ReturnType<typeof recordSpans>): string[] =>
    spans.map((span) => `tr-${span.spanContext().traceId}`);

  /** Starts a server that accepts spans at any time, but records only while the door is open. */
  async function startDoor(): Promise<{
    server: LocalServer;
    open(): Promise<void>;
    arrived(records: number): Promise<void>;
  }> {
    const arrivals = new EventEmitter();
    let isOpen = false;
    const server = await startServer(({ path }) => {
      if (path !== RECORDS) return undefined;
      arrivals.emit('record');
      return isOpen ? undefined : () => {};
    });
    return {
      server,
      async open() {
        // What was sent just before the deadline is not to count as sent afterwards.
        await server.left();
        isOpen = true;
        server.requests.length = 0;
      },
      async arrived(records) {
        while (recordsAt(server).length < records) await once(arrivals, 'record');
      },
    };
  }

  it('follow with the next export, although no caller waits for them', async () => {
    const { server, open, arrived } = await startDoor();
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, timeoutMillis: 1000 });
    const first = roots(10);
    expect((await exportSpans(exporter, first)).code).to.equal(SUCCESS);
    expect(log.lines).to.have.length(1);
    expect(log.lines[0]).to.match(
      /^warn: 10 trace records could not be sent in time, they follow with the next export/,
    );
    await open();
    const second = roots(1);
    await exportSpans(exporter, second);
    await arrived(11);
    expect(recordsAt(server)).to.have.members([...idsOf(first), ...idsOf(second)]);
    await exporter.shutdown();
    expect(recordsAt(server)).to.have.length(11);
    expect(log.lines).to.have.length(2);
    expect(log.lines[1]).to.match(END);
  });

  for (const step of ['forceFlush', 'shutdown'] as const) {
    it(`are sent by ${step}()`, async () => {
      const { server, open } = await startDoor();
      const exporter = new MlflowSpanExporter({ trackingUri: server.url, timeoutMillis: 1000 });
      const spans = roots(10);
      await exportSpans(exporter, spans);
      await open();
      await exporter[step]();
      expect(recordsAt(server)).to.have.members(idsOf(spans));
      await exporter.shutdown();
      expect(log.lines).to.have.length(2);
      expect(log.lines[1]).to.match(END);
    });
  }

  it('are given up in the end, counted, and forceFlush() keeps to the deadline', async () => {
    const { server } = await startDoor();
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, timeoutMillis: 1000 });
    await exportSpans(exporter, roots(3));
    const begin = performance.now();
    await exporter.forceFlush();
    expect(performance.now() - begin).to.be.lessThan(1900);
    await exporter.shutdown();
    expect(log.lines.slice(1)).to.deep.equal([
      `error: The spans were delivered, but not the trace record: MLflow at ${server.url} cannot be reached (no answer in time).`,
      'warn: MLflow exporter: 3 traces were left without their record in all.',
    ]);
  });

  /** Uploads take some time, and records get no answer: the exporter sends records while no export waits for them. */
  async function startSlow(
    uploadMillis: number[],
  ): Promise<{ server: LocalServer; held: Set<ServerResponse>; open(): Promise<void> }> {
    const held = new Set<ServerResponse>();
    let isOpen = false;
    const server = await startServer(({ path }) => {
      if (path === '/v1/traces') {
        const millis = uploadMillis.shift() ?? 0;
        return (response) => void setTimeout(() => response.writeHead(200).end(), millis);
      }
      if (path !== RECORDS || isOpen) return undefined;
      return (response) => {
        held.add(response);
        response.once('close', () => held.delete(response));
      };
    });
    return {
      server,
      held,
      async open() {
        // What was sent just before the deadline is not to count as sent afterwards.
        await server.left();
        isOpen = true;
        server.requests.length = 0;
      },
    };
  }
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

  for (const records of ['get no answer', 'are refused for the moment'] as const) {
    it(`end with shutdown() when they ${records} while no caller waits for them, and are counted`, async () => {
      let uploads = 0;
      const { server } = await (records === 'get no answer'
        ? startSlow([0, 900])
        : startServer(({ path }) => {
            if (path === RECORDS) return { status: 503 };
            if (path !== '/v1/traces' || ++uploads === 1) return undefined;
            return (response) => void setTimeout(() => response.writeHead(200).end(), 900);
          }).then((server) => ({ server })));
      const exporter = new MlflowSpanExporter({
        trackingUri: server.url,
        timeoutMillis: 1200,
        retry: { initialBackoffMillis: 20, maxBackoffMillis: 50 },
      });
      await exportSpans(exporter, roots(3));
      const before = timers();
      const begin = performance.now();
      // Its upload succeeds 900 ms after the flush began. Then the exporter sends records, for 1200 ms.
      const last = exportSpans(exporter, roots(1));
      await exporter.shutdown();
      expect(performance.now() - begin).to.be.lessThan(1900);
      // Timers of the test server can run a moment longer. Those of a delivery would run until its deadline.
      for (const end = performance.now() + 250; timers() > before && performance.now() < end; ) await setImmediate();
      expect(timers()).to.be.at.most(before);
      // The server reads requests that were sent just before the end a little later.
      await server.left();
      const sent = recordsAt(server).length;
      expect((await last).code).to.equal(SUCCESS);
      expect(log.lines.at(-1)).to.equal('warn: MLflow exporter: 4 traces were left without their record in all.');
      // The time in which the exporter would have sent them.
      await delay(1000);
      expect(recordsAt(server)).to.have.length(sent);
    }).retries(2);
  }

  it('end with forceFlush(), which leaves no request under way, and follow later', async () => {
    const { server, held, open } = await startSlow([0, 900]);
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, timeoutMillis: 1200 });
    const first = roots(3);
    await exportSpans(exporter, first);
    const before = timers();
    const second = roots(1);
    void exportSpans(exporter, second);
    await exporter.forceFlush();
    expect(timers()).to.be.at.most(before);
    await Promise.all([...held].map((response) => once(response, 'close')));
    await open();
    await exporter.forceFlush();
    expect(recordsAt(server)).to.have.members(idsOf([...first, ...second]));
    await exporter.shutdown();
    expect(log.lines).to.have.length(2);
    expect(log.lines[1]).to.match(END);
  });

  it('do not keep a later export of their trace beyond its own time', async () => {
    const { server } = await startSlow([0, 800, 1200]);
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, timeoutMillis: 1600 });
    const [root, late] = recordSpans((tracer) => {
      const parent = tracer.startSpan('root');
      parent.end();
      childSpan(tracer, parent, 'late', chatAttributes('q', 'a'));
    });
    await exportSpans(exporter, [root!]);
    const other = exportSpans(exporter, roots(1));
    const begin = performance.now();
    // When its upload is done, the exporter sends the record of its trace until 800 ms after its own deadline.
    expect((await exportSpans(exporter, [late!])).code).to.equal(SUCCESS);
    expect(performance.now() - begin).to.be.lessThan(2100);
    await other;
    await exporter.shutdown();
  });

  it('do not keep one another back when the server fails on one of them', async () => {
    const spans = roots(6);
    const [bad] = idsOf(spans);
    let isOpen = false;
    const server = await startServer(({ path, body }) => {
      if (path !== RECORDS) return undefined;
      if (!isOpen) return () => {};
      return body.includes(bad!) ? { status: 500, body: '{"message":"odd"}' } : undefined;
    });
    const exporter = new MlflowSpanExporter({
      trackingUri: server.url,
      concurrencyLimit: 1,
      timeoutMillis: 1000,
      retry: { maxRetries: 0 },
    });
    await exportSpans(exporter, spans);
    await server.left();
    isOpen = true;
    server.requests.length = 0;
    await exporter.forceFlush();
    expect(recordsAt(server)).to.have.members(idsOf(spans));
    await exporter.shutdown();
    expect(log.lines.at(-1)).to.match(/^error: The spans were delivered, but not the trace record: .+\(odd\)\.$/);
  });

  it('are bounded in number and in size, the oldest given up first', () => {
    const given: string[] = [];
    const traces = new PostponedTraces(({ trace }) => given.push(trace.id));
    const [small, large] = recordSpans((tracer) => {
      tracer.startSpan('small').end();
      tracer.startSpan('large', { attributes: { text: 'x'.repeat(20 * 1024 * 1024) } }).end();
    });
    const trace = (traceId: string, span = small!): PostponedTrace => ({
      trace: new Trace(traceId),
      spans: [span],
      experimentId: '1',
      cause: { kind: 'retryable', reason: say`x` },
    });
    for (let n = 0; n < 5001; n++) traces.add(trace(`${n}`));
    expect(given).to.deep.equal(['0']);
    traces.add(trace('large 1', large));
    traces.add(trace('large 2', large));
    expect([traces.size, given.at(-1)]).to.deep.equal([1, 'large 1']);
  });
});

describe('forceFlush() before a freeze', () => {
  it('leaves no request, socket or timer that keeps the event loop alive', async () => {
    const server = await startLocalServer();
    const program = fileURLToPath(new URL('../support/flush-and-freeze.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, server.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const [code] = await once(child, 'close');
    await server.close();
    expect(code).to.equal(0);
    const { before, after, requests } = JSON.parse(output) as Record<string, string[]>;
    // Only the resources that the program had before: the requests are done, and idle sockets do not keep it alive.
    expect(after).to.deep.equal(before);
    expect(requests).to.have.length(0);
    expect(server.requests.map(({ path }) => path.replace(/\?.*/, ''))).to.deep.equal([
      '/api/2.0/mlflow/experiments/get-by-name',
      '/v1/traces',
      RECORDS,
    ]);
  });
});
