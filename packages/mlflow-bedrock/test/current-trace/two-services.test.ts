/** Two services, each a process of its own with `mlflow-bedrock/register` and the HTTP instrumentation. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { MlflowClient } from '../../src/index.js';
import { PROGRAMS, usePrograms } from '../support/programs.js';

const IDENTITY = { 'session.id': 'session 7, Zoë', 'user.id': 'ada' };

interface Told {
  readonly traceId: string;
  /** Token usage of the two model calls. */
  readonly usages: readonly { inputTokens: number; outputTokens: number; totalTokens: number }[];
  /** The header that the called service received. */
  readonly baggage?: string;
}

describe('a trace of two services', function () {
  this.timeout(120_000);
  const programs = usePrograms();
  let client: MlflowClient;
  before(() => {
    client = new MlflowClient({ trackingUri: programs.trackingUri() });
  });
  after(() => client.close());

  function start(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess & { stdout: NodeJS.ReadableStream } {
    const child = spawn(process.execPath, ['--import', 'mlflow-bedrock/register', '--require', './http.cjs', ...args], {
      cwd: PROGRAMS,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return child as ChildProcess & { stdout: NodeJS.ReadableStream };
  }

  /** Waits for the end of the caller, then ends the called service. */
  async function talk(order: string, env: NodeJS.ProcessEnv): Promise<Told> {
    const sent = { ...programs.environment(), ...env };
    const called = start(['called.cjs'], sent);
    try {
      const [port] = (await once(called.stdout, 'data')) as [Buffer];
      const caller = start(['caller.cjs', `http://127.0.0.1:${port.toString().trim()}`, order], sent);
      const told = JSON.parse(await text(caller.stdout)) as Told;
      if (caller.exitCode === null) await once(caller, 'exit');
      return told;
    } finally {
      called.kill();
      await once(called, 'exit');
    }
  }

  const OPTED_IN = { MLFLOW_BEDROCK_PROPAGATE_SESSION: 'true' };
  for (const order of ['called service sends first', 'called service sends last']) {
    it(`has session and user on every span of both services when the ${order}`, async () => {
      const requestsBefore = programs.simulator().requests.length;
      const { traceId, usages, baggage } = await talk(order, OPTED_IN);
      const { info, spans } = await client.getTrace(traceId);

      const below = (parentSpanId: string | undefined): unknown[] =>
        spans
          .filter((span) => span.parentSpanId === parentSpanId)
          .map(({ name, type, spanId }) => [`${type} ${name}`, ...below(spanId)]);
      const chat = 'CHAT_MODEL chat amazon.nova-lite-v1:0';
      expect(below(undefined)).to.deep.equal([
        ['AGENT assistant', [chat, ['UNKNOWN POST']], ['UNKNOWN GET', ['UNKNOWN GET', ['AGENT research', [chat]]]]],
      ]);
      expect(info).to.include({ name: 'assistant', state: 'OK', sessionId: 'session 7, Zoë', userId: 'ada' });
      const total = (figure: keyof Told['usages'][number]) => usages.reduce((sum, usage) => sum + usage[figure], 0);
      expect(info.tokenUsage).to.include({
        inputTokens: total('inputTokens'),
        outputTokens: total('outputTokens'),
        totalTokens: total('totalTokens'),
      });
      for (const { name, attributes } of spans) expect(attributes, name).to.include(IDENTITY);
      expect(baggage).to.equal('session.id=session%207%2C%20Zo%C3%AB,user.id=ada');

      const toBedrock = programs
        .simulator()
        .requests.slice(requestsBefore)
        .map(({ headers }) => headers);
      expect(toBedrock).to.have.length(2);
      // The HTTP instrumentation added its header, but session and user are absent.
      expect(toBedrock.some(({ traceparent }) => traceparent?.includes(traceId.replace('tr-', '')))).to.equal(true);
      for (const headers of toBedrock) expect(headers).not.to.have.property('baggage');
    });
  }

  it('carries no session and user in its requests by default', async () => {
    const { traceId, baggage } = await talk('called service sends last', {});
    const { info, spans } = await client.getTrace(traceId);
    expect(baggage).to.equal(undefined);
    expect(spans).to.have.length(7);
    expect(info).to.include({ sessionId: 'session 7, Zoë', userId: 'ada' });
    expect(spans.find(({ name }) => name === 'research')?.attributes).not.to.have.any.keys(Object.keys(IDENTITY));
  });
});
