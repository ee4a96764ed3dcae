/** Which requests are sent again, over a transport that answers by a script. */

import { expect } from 'chai';
import { runningTime } from '../../src/common/running-time.js';
import { say } from '../../src/common/shown-text.js';
import type { Outcome } from '../../src/http/exchange/outcome.js';
import type { HttpRequest } from '../../src/http/exchange/request.js';
import type { HttpResult } from '../../src/http/exchange/result.js';
import { createRedactor } from '../../src/http/redact/redactor.js';
import { createRetryingTransport, type RetryingTransport } from '../../src/http/retry.js';

const MAX_RETRIES = 3;
const NO_PAUSE = { maxRetries: MAX_RETRIES, initialBackoffMillis: 0, maxBackoffMillis: 0 };
const SETTINGS = {
  url: say`http://x`,
  show: createRedactor().show,
  retry: NO_PAUSE,
  attemptTimeoutMillis: 10_000,
  maxSockets: 1,
};
const REQUEST: HttpRequest = { method: 'POST', path: '/runs/create' };

const answer = (status: number, body = ''): HttpResult => ({ kind: 'answer', status, headers: {}, body });
const noAnswer = (code: string): HttpResult => ({ kind: 'no-answer', message: 'no answer', code });

interface Script {
  retrying: RetryingTransport;
  /** What happened, in its order. */
  steps: string[];
}

function script(send: (request: HttpRequest) => HttpResult | Promise<HttpResult>, settings: object = {}): Script {
  const steps: string[] = [];
  const retrying = createRetryingTransport(
    {
      async send(request) {
        steps.push('send');
        return send(request);
      },
      renew: () => void steps.push('renew'),
      close: () => void steps.push('close'),
    },
    { ...SETTINGS, ...settings },
  );
  return { retrying, steps };
}

/** How often a request is sent that always has this result. */
async function attempts(result: HttpResult, request: Partial<HttpRequest>): Promise<number> {
  const { retrying, steps } = script(() => result);
  await retrying.send({ ...REQUEST, ...request }, runningTime() + 60_000);
  return steps.length;
}

/** Never answers, but ends with its request. */
function silent({ signal }: HttpRequest): Promise<HttpResult> {
  return new Promise((resolve) =>
    signal?.addEventListener('abort', () => resolve(noAnswer('ETIMEDOUT')), { once: true }),
  );
}

describe('a request that must not take effect twice', () => {
  for (const status of [429, 503]) {
    it(`is repeated after status ${status}, with which a server turns it away unread`, async () => {
      expect(await attempts(answer(status), { once: true })).to.equal(1 + MAX_RETRIES);
    });
  }

  for (const status of [408, 500, 502, 504]) {
    it(`is not repeated after status ${status}`, async () => {
      expect(await attempts(answer(status), { once: true })).to.equal(1);
      expect(await attempts(answer(status), {}), 'any other request').to.equal(1 + MAX_RETRIES);
    });
  }

  for (const code of [
    ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
    ...['UND_ERR_CONNECT_TIMEOUT', 'PROXY_UNAVAILABLE', 'NO_CREDENTIALS'],
  ]) {
    it(`is repeated after ${code}, because it was never sent`, async () => {
      expect(await attempts(noAnswer(code), { once: true })).to.equal(1 + MAX_RETRIES);
    });
  }

  for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']) {
    it(`is not repeated after ${code}`, async () => {
      expect(await attempts(noAnswer(code), { once: true })).to.equal(1);
      expect(await attempts(noAnswer(code), {}), 'any other request').to.equal(1 + MAX_RETRIES);
    });
  }
});

describe('a request whose content may be at fault', () => {
  const internal = answer(500, '{"error_code":"INTERNAL_ERROR","message":"odd"}');

  it('is repeated once after an internal error', async () => {
    expect(await attempts(internal, { mayBeAtFault: true })).to.equal(2);
    expect(await attempts(internal, {}), 'any other request').to.equal(1 + MAX_RETRIES);
  });

  it('is repeated as others are after an outage', async () => {
    const busy = answer(503, '{"error_code":"TEMPORARILY_UNAVAILABLE","message":"later"}');
    expect(await attempts(busy, { mayBeAtFault: true })).to.equal(1 + MAX_RETRIES);
  });
});

describe('the end of a request', () => {
  const soon = (): number => runningTime() + 60_000;

  it('is now if its signal was aborted before, and nothing is sent', async () => {
    const { retrying, steps } = script(() => answer(200));
    const outcome = await retrying.send({ ...REQUEST, signal: AbortSignal.abort() }, soon());
    expect(outcome).to.deep.include({ kind: 'retryable' });
    expect(steps).to.deep.equal([]);
  });

  it('is now if its signal is aborted during an attempt', async () => {
    const ending = new AbortController();
    const { retrying, steps } = script((request) => {
      setImmediate(() => ending.abort());
      return silent(request);
    });
    await retrying.send({ ...REQUEST, signal: ending.signal }, soon());
    expect(steps).to.deep.equal(['send']);
  });

  it('is now if its signal is aborted during a pause', async () => {
    const ending = new AbortController();
    const retry = { maxRetries: 5, initialBackoffMillis: 50_000, maxBackoffMillis: 50_000 };
    const { retrying, steps } = script(() => answer(503), { retry });
    const pauses: number[] = [];
    const outcome = await retrying.send({ ...REQUEST, signal: ending.signal }, soon(), () => {
      pauses.push(steps.length);
      ending.abort();
    });
    expect(outcome).to.deep.include({ kind: 'retryable', status: 503 });
    expect([steps, pauses]).to.deep.equal([['send'], [1]]);
  });

  it('is now if the transport closes', async () => {
    const { retrying, steps } = script(silent);
    const sent = retrying.send(REQUEST, soon());
    setImmediate(() => retrying.close());
    expect(await sent).to.deep.include({ kind: 'retryable' });
    expect(steps).to.deep.equal(['send', 'close']);
  });

  it('is its deadline if no socket is free until then', async () => {
    const { retrying, steps } = script(silent);
    const first = retrying.send(REQUEST, soon());
    const outcome = await retrying.send(REQUEST, runningTime() + 20);
    expect(outcome).to.deep.include({
      kind: 'retryable',
      reason: 'MLflow at http://x cannot be reached (no answer in time)',
    });
    retrying.close();
    await first;
    expect(steps).to.deep.equal(['send', 'close']);
  });
});

describe('a suspension of the process', () => {
  const timeOfDay = Date.now;
  let shift = 0;
  beforeEach(() => {
    shift = 0;
    Date.now = () => timeOfDay() + shift;
  });
  afterEach(() => {
    Date.now = timeOfDay;
  });

  async function sendThrough(suspendedMillis: number): Promise<string[]> {
    const { retrying, steps } = script(() => {
      shift += suspendedMillis;
      return steps.filter((step) => step === 'send').length > 2 ? answer(200) : answer(503);
    });
    await retrying.send(REQUEST, runningTime() + 60_000);
    return steps;
  }

  it('makes the next attempt use new connections', async () => {
    expect(await sendThrough(5000)).to.deep.equal(['send', 'renew', 'send', 'renew', 'send']);
  });

  it('is not assumed while the process runs', async () => {
    expect(await sendThrough(0)).to.deep.equal(['send', 'send', 'send']);
  });

  it('ends an attempt that it outlasted, whose connection is probably dead', async () => {
    let sends = 0;
    const { retrying, steps } = script((request) => {
      sends += 1;
      if (sends > 1) return answer(200);
      shift += 3_600_000;
      return silent(request);
    });
    const outcome: Outcome = await retrying.send(REQUEST, runningTime() + 60_000);
    expect(outcome.kind).to.equal('success');
    expect(steps).to.deep.equal(['send', 'renew', 'send']);
  });

  it('is not assumed because an attempt takes long', async () => {
    let end = (): void => {};
    const { retrying, steps } = script(() => new Promise((resolve) => (end = () => resolve(answer(200)))));
    const sent = retrying.send(REQUEST, runningTime() + 60_000);
    // Two looks of 500 ms would have ended the attempt.
    setTimeout(() => end(), 1200);
    expect((await sent).kind).to.equal('success');
    expect(steps).to.deep.equal(['send']);
  });
});
