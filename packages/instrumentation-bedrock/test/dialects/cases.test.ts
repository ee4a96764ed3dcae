/** Every case beside this checkout, sent through the real SDK client. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { type Case, readCases, responseOf } from '../support/cases.js';
import { createClient, startTracing } from '../support/tracing.js';

describe('the cases in ../shared/cases/instrumentation', () => {
  const cases = readCases();
  if (!cases) {
    it('are not beside this checkout, so none is tried', function () {
      this.skip();
    });
    return;
  }

  let simulator: Simulator;
  let response: SimulatedResponse;
  before(async () => {
    simulator = await startSimulator({ respond: () => response });
  });
  after(() => simulator.close());

  for (const each of cases) {
    it(`${each.name}: ${each.title}`, async () => {
      response = responseOf(each);
      const tracing = startTracing({ config: each.config ?? {} });
      const client = createClient(simulator.url);
      try {
        await callAndRead(client, each);
        const [span, ...others] = tracing.spans();
        expect(others, 'further spans').to.deep.equal([]);
        check(span as ReadableSpan, each);
      } finally {
        client.destroy();
        await tracing.close();
      }
    });
  }
});

/** Makes the call as an application would. An error of the call or its stream is part of the case. */
async function callAndRead(client: sdk.BedrockRuntimeClient, { operation, input, read = {} }: Case): Promise<void> {
  const { body, rawBody, ...rest } = input;
  const sent = rawBody ?? (typeof body === 'object' ? JSON.stringify(body) : body);
  const controller = new AbortController();
  const { [`${operation}Command`]: Command } = sdk as unknown as Record<string, new (input: object) => never>;
  if (!Command) throw new TypeError(`no command for ${operation}`);
  const command = new Command({ ...rest, ...(sent === undefined ? {} : { body: sent }) });
  try {
    const output = await client.send(command, { abortSignal: controller.signal });
    const { stream, body: answer } = output as { stream?: unknown; body?: unknown };
    let count = 0;
    for await (const event of eventsOf(stream ?? answer)) {
      count += 1;
      if (count === read.breakAfter) break;
      if (count === read.abortAfter) controller.abort();
      if (read.throwOnError && isErrorChunk(event)) throw new Error('the application stops at an error');
    }
  } catch {
    // The span says what happened.
  }
}

/** Returns no events of an answer that is no stream. */
function eventsOf(answer: unknown): AsyncIterable<object> | [] {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer
    ? (answer as AsyncIterable<object>)
    : [];
}

function isErrorChunk(event: { chunk?: { bytes?: Uint8Array } }): boolean {
  const { bytes } = event.chunk ?? {};
  return bytes !== undefined && 'error' in JSON.parse(Buffer.from(bytes).toString());
}

function check({ attributes, status }: ReadableSpan, each: Case): void {
  for (const [name, value] of Object.entries(each.expect ?? {})) {
    if (value === null) expect(attributes, name).not.to.have.property(name);
    else expect(attributes[name], name).to.deep.equal(value);
  }
  for (const [name, text] of Object.entries(each.contains ?? {})) expect(attributes[name], name).to.contain(text);
  for (const [name, text] of Object.entries(each.lacks ?? {})) expect(attributes[name], name).not.to.contain(text);
  for (const name of each.keys ?? []) expect(attributes, name).to.have.property(name);
  for (const value of each.anyValue ?? []) expect(Object.values(attributes), 'values').to.deep.include(value);
  for (const name of each.wellFormed ?? []) expect(hasHalfCharacter(attributes[name]), name).to.equal(false);
  for (const name of each.isJson ?? []) expect(() => JSON.parse(String(attributes[name])), name).not.to.throw();
  if (each.status) expect(SpanStatusCode[status.code], 'status').to.equal(each.status);
}

/** JSON.stringify escapes half characters, so both forms are looked for. */
function hasHalfCharacter(value: unknown): boolean {
  const text = JSON.stringify(JSON.parse(String(value)));
  return /\\ud[89a-f]/i.test(text) || !(text as string & { isWellFormed(): boolean }).isWellFormed();
}
