import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type { MlflowClient, MlflowTrace } from '../../src/index.js';
import { MODEL } from './tracing.js';

/** US dollars for one token of {@link MODEL}, as in MLflow's price list. */
const PRICE = { input: 3 / 1e6, output: 15 / 1e6 };
// The attribute of `chatAttributes`. This file adds up the totals without the code under test.
const USAGE = 'mlflow.chat.tokenUsage';
const READ_AT_ONCE = 8;

/**
 * Checks that the experiment holds the traces of these spans and no others. Each trace must have exactly these spans,
 * once, with their names, parents, times and attributes. Its totals must add up.
 */
export async function expectOnServer(
  client: MlflowClient,
  experimentName: string,
  produced: Iterable<ReadableSpan>,
): Promise<void> {
  const byTrace = new Map<string, ReadableSpan[]>();
  for (const span of produced) {
    const id = `tr-${span.spanContext().traceId}`;
    byTrace.set(id, [...(byTrace.get(id) ?? []), span]);
  }
  const experiment = await client.getExperimentByName(experimentName);
  const found: string[] = [];
  if (experiment !== undefined) {
    const search = { experimentIds: [experiment.experimentId], maxResults: 500 };
    for await (const { traceId } of client.eachTrace(search)) found.push(traceId);
  }
  expect(found.sort(), 'traces').to.deep.equal([...byTrace.keys()].sort());

  const waiting = [...byTrace];
  for (let batch = waiting.splice(0, READ_AT_ONCE); batch.length > 0; batch = waiting.splice(0, READ_AT_ONCE)) {
    await Promise.all(batch.map(async ([id, spans]) => expectTrace(await client.getTrace(id), spans)));
  }
}

function expectTrace({ info, spans: stored }: MlflowTrace, produced: readonly ReadableSpan[]): void {
  const ids = stored.map(({ spanId }) => spanId);
  expect(ids.length, `spans of ${info.traceId}, none twice`).to.equal(new Set(ids).size);
  const byId = (a: { spanId: string }, b: { spanId: string }): number => (a.spanId < b.spanId ? -1 : 1);
  const expected = produced
    .map((span) => ({
      spanId: span.spanContext().spanId,
      parentSpanId: span.parentSpanContext?.spanId,
      name: span.name,
      ok: span.status.code !== 2,
      startTimeUnixNano: nanoseconds(span.startTime),
      endTimeUnixNano: nanoseconds(span.endTime),
      events: span.events.length,
      attributes: Object.keys(span.attributes).sort(),
    }))
    .sort(byId);
  const own = new Map(expected.map(({ spanId, attributes }) => [spanId, new Set(attributes)]));
  const got = stored
    .map((span) => ({
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      name: span.name,
      ok: span.ok,
      startTimeUnixNano: span.startTimeUnixNano,
      endTimeUnixNano: span.endTimeUnixNano,
      events: span.events.length,
      // The server adds further attributes.
      attributes: Object.keys(span.attributes)
        .filter((key) => own.get(span.spanId)?.has(key) ?? true)
        .sort(),
    }))
    .sort(byId);
  expect(got, `spans of ${info.traceId}`).to.deep.equal(expected);

  const root = produced.find(({ parentSpanContext }) => parentSpanContext === undefined);
  if (root !== undefined) {
    const state = root.status.code === 2 ? 'ERROR' : 'OK';
    expect({ name: info.name, state: info.state }, info.traceId).to.deep.equal({ name: root.name, state });
  }
  const tokens = totals(produced);
  expect(info.tokenUsage, `tokens of ${info.traceId}`).to.deep.equal(tokens);
  if (tokens === undefined) return;
  const cost = tokens.inputTokens * PRICE.input + tokens.outputTokens * PRICE.output;
  expect(info.cost?.totalCost, `cost of ${info.traceId}`).to.be.closeTo(cost, 1e-9);
}

/** A figure of a span includes those of its descendants. */
function totals(
  spans: readonly ReadableSpan[],
): { inputTokens: number; outputTokens: number; totalTokens: number } | undefined {
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const parentOf = (span: ReadableSpan): ReadableSpan | undefined => byId.get(span.parentSpanContext?.spanId ?? '');
  const total = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
  let counted = 0;
  for (const span of spans) {
    const usage = span.attributes[USAGE];
    if (typeof usage !== 'string') continue;
    let above = parentOf(span);
    while (above !== undefined && above.attributes[USAGE] === undefined) above = parentOf(above);
    if (above !== undefined) continue;
    const { input_tokens: input, output_tokens: output } = JSON.parse(usage);
    total.inputTokens += input;
    total.outputTokens += output;
    total.totalTokens += input + output;
    counted += 1;
  }
  return counted === 0 ? undefined : total;
}

function nanoseconds([seconds, nanos]: [number, number]): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}
