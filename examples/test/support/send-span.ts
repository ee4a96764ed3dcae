import { randomBytes } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';

/**
 * Sends a trace of one span to `<url>/v1/traces` as OTLP in JSON, also with values that no SDK would send.
 *
 * @param span its attributes are strings or lists of strings
 * @returns MLflow's id of the trace
 * @throws Error if the receiver does not accept the span
 */
export async function sendSpan(
  { url }: { url: string },
  { name, attributes }: { name: string; attributes: Attributes },
): Promise<string> {
  const traceId = randomBytes(16).toString('hex');
  const now = String(Date.now() * 1_000_000);
  const span = {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    name,
    kind: 3,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })),
  };
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: 'foreign' }, spans: [span] }] }],
    }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return `tr-${traceId}`;
}

function anyValue(value: Attributes[string]): object {
  if (Array.isArray(value)) return { arrayValue: { values: value.map((item) => ({ stringValue: String(item) })) } };
  return { stringValue: String(value) };
}
