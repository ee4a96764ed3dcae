import type { Socket } from 'node:net';
import { expect } from 'chai';
import { runningTime } from '../../src/common/running-time.js';
import { say } from '../../src/common/shown-text.js';
import { type HttpResult, NO_ANSWER_IN_TIME } from '../../src/http/exchange/result.js';
import { createRedactor } from '../../src/http/redact/redactor.js';
import { createRetryingTransport } from '../../src/http/retry.js';
import type { Transport } from '../../src/http/transport.js';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { type Answer, type LocalServer, type ReceivedRequest, startLocalServer } from '../support/local-server.js';
import { exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

const SERVER = { url: say`http://x`, show: createRedactor().show };

describe('retries', () => {
  const { log, closing } = eachTest();

  async function start(
    answer: (request: ReceivedRequest, uploads: number) => Answer | undefined,
    config: MlflowSpanExporterConfig = {},
  ): Promise<{ server: LocalServer; exporter: MlflowSpanExporter; uploads: () => number }> {
    let uploads = 0;
    const server = await startLocalServer((request) =>
      request.path === '/v1/traces' ? answer(request, ++uploads) : undefined,
    );
    const exporter = new MlflowSpanExporter({
      trackingUri: server.url,
      traceInfo: 'otlp-only',
      retry: { initialBackoffMillis: 0 },
      ...config,
    });
    closing.push(server.close, () => exporter.shutdown());
    return { server, exporter, uploads: () => uploads };
  }
  const oneSpan = (): ReturnType<typeof recordSpans> => recordSpans((tracer) => tracer.startSpan('span').end());

  it('an attempt without an answer ends, and the next one uses a fresh connection', async () => {
    const sockets = new Set<Socket | null>();
    const { exporter, uploads } = await start(
      (_request, count) => (response) => {
        sockets.add(response.socket);
        if (count > 1) response.writeHead(200).end();
      },
      { attemptTimeoutMillis: 100 },
    );
    expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
    expect([uploads(), sockets.size]).to.deep.equal([2, 2]);
    expect(log.lines).to.deep.equal([]);
  });

  it('the last attempt that fits gets all the time that is left', async () => {
    const { exporter, uploads } = await start(
      () => (response) => void setTimeout(() => response.writeHead(200).end(), 330),
      { attemptTimeoutMillis: 300, timeoutMillis: 870 },
    );
    expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
    expect(uploads()).to.equal(2);
  });

  it('the defaults leave time for a locked database, which answers after 20 s', async () => {
    const limits: number[] = [];
    let now = 0;
    const transport: Transport = {
      async send(_request, deadline): Promise<HttpResult> {
        limits.push(deadline - now);
        now = Math.min(deadline, now + 20_000);
        return { kind: 'no-answer', message: 'no answer in time', code: 'ETIMEDOUT' };
      },
      renew() {},
      close() {},
    };
    const connection = { ...SERVER, attemptTimeoutMillis: 10_000, maxSockets: 1 };
    const retry = { maxRetries: 7, initialBackoffMillis: 0, maxBackoffMillis: 0 };
    const retrying = createRetryingTransport(transport, { ...connection, retry }, { now: () => now });
    await retrying.send({ method: 'POST', path: '/v1/traces' }, 29_000);
    expect(limits).to.deep.equal([10_000, 19_000]);
    // Such a request may have had its effect, so it is sent once, with all the time.
    now = 0;
    limits.length = 0;
    await retrying.send({ method: 'POST', path: '/runs/create', once: true }, 29_000);
    expect(limits).to.deep.equal([29_000]);
  });

  for (const status of [408, 429, 500, 502, 503, 504]) {
    it(`a request is repeated after status ${status}`, async () => {
      const { exporter, uploads } = await start((_request, count) => (count < 3 ? { status } : undefined));
      expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
      expect(uploads()).to.equal(3);
    });
  }

  for (const [form, value] of [
    ['seconds', () => '120'],
    ['a date', () => new Date(Date.now() + 120_000).toUTCString()],
  ] as const) {
    it(`one more attempt follows if Retry-After, in ${form}, ends after the deadline`, async () => {
      const slowDown = () => ({
        status: 429,
        headers: { 'retry-after': value() },
        body: '{"message":"slow down"}',
      });
      const { server, exporter, uploads } = await start(slowDown, { timeoutMillis: 2300 });
      const { code, error } = await exportSpans(exporter, oneSpan());
      expect([code, uploads()]).to.deep.equal([FAILED, 2]);
      const back = await start((_request, count) => (count === 1 ? slowDown() : undefined), { timeoutMillis: 2300 });
      expect((await exportSpans(back.exporter, oneSpan())).code).to.equal(SUCCESS);
      expect(error?.message).to.match(/^MLflow at .+ answered 429 \(slow down\) and wants a pause of 1[12]\d s$/);
      expect(error?.message).to.include(server.url);
    });
  }

  it('long pauses use up the time of an export', async () => {
    const answer = { status: 503, headers: { 'retry-after': '1.2' } };
    const { exporter, uploads } = await start(() => answer, { timeoutMillis: 3000 });
    expect((await exportSpans(exporter, oneSpan())).code).to.equal(FAILED);
    // At 0 s, at 1 s (2 s before the end), and at 2.2 s. A busy machine has no time for some of them.
    expect(uploads()).to.be.at.most(3);
  });

  for (const wish of ['0', '-5', new Date(0).toUTCString()]) {
    it(`pauses do not vanish if the server sends Retry-After: ${wish}`, async () => {
      const answer = { status: 503, headers: { 'retry-after': wish } };
      const { exporter, uploads } = await start(() => answer, {
        timeoutMillis: 1000,
        retry: { initialBackoffMillis: 200, maxBackoffMillis: 200 },
      });
      expect((await exportSpans(exporter, oneSpan())).code).to.equal(FAILED);
      expect(uploads()).to.be.within(2, 60);
    });
  }

  it('a pause is a random part of a time that doubles up to its limit', async () => {
    const retry = { maxRetries: 4, initialBackoffMillis: 40, maxBackoffMillis: 160 };
    const connection = { ...SERVER, attemptTimeoutMillis: 10_000, maxSockets: 1, retry };
    const measurePauses = async (): Promise<number[]> => {
      const pauses: number[] = [];
      let sent = performance.now();
      const failing: Transport = {
        async send() {
          pauses.push(performance.now() - sent);
          sent = performance.now();
          return { kind: 'answer', status: 503, headers: {}, body: '' };
        },
        renew() {},
        close() {},
      };
      await createRetryingTransport(failing, connection, { random: () => 0.5 }).send(
        { method: 'GET', path: '/' },
        runningTime() + 5000,
      );
      return pauses;
    };
    // A busy machine delays timers, so the shortest of several pauses counts.
    const runs = [await measurePauses(), await measurePauses(), await measurePauses(), await measurePauses()];
    for (const [index, least] of [0, 20, 40, 80, 80].entries()) {
      const pause = Math.min(...runs.map((pauses) => pauses[index]!));
      // Node.js rounds the time of a timer to whole milliseconds.
      expect(pause).to.be.within(least - 1, least + 18);
    }
    for (const pauses of runs) expect(pauses).to.have.length(5);
  }).retries(2);

  it('a request uses a new connection after a pause in which the old one may have died unnoticed', async () => {
    const steps: string[] = [];
    const transport: Transport = {
      async send() {
        steps.push('send');
        return { kind: 'answer', status: 200, headers: {}, body: '' };
      },
      renew: () => void steps.push('renew'),
      close() {},
    };
    const retry = { maxRetries: 0, initialBackoffMillis: 0, maxBackoffMillis: 0 };
    const connection = { ...SERVER, attemptTimeoutMillis: 10_000, maxSockets: 1, retry };
    const { send } = createRetryingTransport(transport, connection);
    const timeOfDay = Date.now;
    try {
      for (const seconds of [0, 9, 9, 11, 0]) {
        const now = Date.now() + seconds * 1000;
        Date.now = () => now;
        await send({ method: 'GET', path: '/' }, runningTime() + 1000);
      }
    } finally {
      Date.now = timeOfDay;
    }
    expect(steps).to.deep.equal(['send', 'send', 'send', 'renew', 'send', 'send']);
  });

  const unavailable: HttpResult = { kind: 'answer', status: 503, headers: {}, body: '' };
  const refused: HttpResult = { kind: 'no-answer', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' };
  for (const [which, first, seconds, reason] of [
    ['an answer before an attempt that was cut short', unavailable, 9, 'MLflow at http://x answered 503'],
    [
      'a refused connection before such an attempt',
      refused,
      9,
      'MLflow at http://x cannot be reached (connect ECONNREFUSED)',
    ],
    [
      'the timeout of an attempt that had its full time',
      unavailable,
      10,
      'MLflow at http://x cannot be reached (no answer in time)',
    ],
  ] as const) {
    it(`the reported failure is ${which}`, async () => {
      let now = 0;
      const results = [first];
      const transport: Transport = {
        async send(_request, deadline): Promise<HttpResult> {
          const result = results.shift();
          if (result === undefined) now = deadline;
          return result ?? NO_ANSWER_IN_TIME;
        },
        renew() {},
        close() {},
      };
      const retry = { maxRetries: 4, initialBackoffMillis: 0, maxBackoffMillis: 0 };
      const connection = { ...SERVER, attemptTimeoutMillis: 10_000, maxSockets: 1, retry };
      const retrying = createRetryingTransport(transport, connection, { now: () => now });
      const outcome = await retrying.send({ method: 'GET', path: '/' }, seconds * 1000);
      expect(outcome).to.deep.include({ kind: 'retryable', reason });
    });
  }

  it('the time of an attempt does not include waiting for a free connection', async () => {
    let most = 0;
    let open = 0;
    const { exporter, uploads } = await start(
      () => (response) => {
        most = Math.max(most, ++open);
        setTimeout(() => {
          open -= 1;
          response.writeHead(200).end();
        }, 250);
      },
      { concurrencyLimit: 2, attemptTimeoutMillis: 1000 },
    );
    const results = await Promise.all(Array.from({ length: 10 }, () => exportSpans(exporter, oneSpan())));
    expect(results.map(({ code }) => code)).to.deep.equal(Array(10).fill(SUCCESS));
    expect([most, uploads()]).to.deep.equal([2, 10]);
  });

  it('a message says what is wrong with attemptTimeoutMillis', () => {
    new MlflowSpanExporter({ attemptTimeoutMillis: 0 });
    expect(log.lines).to.deep.equal([
      'error: MLflow: attemptTimeoutMillis is 0, it must be a number of milliseconds from 1 to 2147483647.',
    ]);
  });
});
