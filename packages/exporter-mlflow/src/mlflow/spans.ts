import { readCost, readTokenUsage } from './figures.js';
import { COST, LLM_MODEL, mlflowTraceId, SPAN_INPUTS, SPAN_OUTPUTS, SPAN_TYPE, TOKEN_USAGE } from './names.js';
import { optional } from './rest.js';
import type { MlflowSpan, MlflowSpanKind } from './types.js';
import type { WireAnyValue, WireKeyValue, WireSpan } from './wire-types.js';

const KINDS: readonly MlflowSpanKind[] = ['INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];

/** Reads a span of the server's answer. Throws if it is malformed. */
export function parseSpan(span: WireSpan): MlflowSpan {
  return describeSpan({
    spanId: parseId(span.span_id),
    parentSpanId: span.parent_span_id === undefined ? undefined : parseId(span.parent_span_id),
    name: span.name,
    kind: parseKind(span.kind),
    startTimeUnixNano: BigInt(span.start_time_unix_nano ?? 0),
    endTimeUnixNano: span.end_time_unix_nano === undefined ? undefined : BigInt(span.end_time_unix_nano),
    ok: span.status?.code !== 'STATUS_CODE_ERROR',
    statusMessage: span.status?.message ?? '',
    attributes: parseAttributes(span.attributes),
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      timeUnixNano: BigInt(event.time_unix_nano ?? 0),
      attributes: parseAttributes(event.attributes),
    })),
    links: (span.links ?? []).map((link) => ({
      traceId: mlflowTraceId(parseId(link.trace_id)),
      spanId: parseId(link.span_id),
      attributes: parseAttributes(link.attributes),
    })),
  });
}

/** What a stored span holds, with the values that its attributes stand for. */
type StoredSpan = Pick<
  MlflowSpan,
  'spanId' | 'name' | 'startTimeUnixNano' | 'ok' | 'statusMessage' | 'attributes' | 'events' | 'links'
> & {
  parentSpanId: string | undefined;
  kind?: MlflowSpanKind | undefined;
  endTimeUnixNano: bigint | undefined;
};

/** The span with what its attributes say about it. */
export function describeSpan({ parentSpanId, kind, endTimeUnixNano, ...span }: StoredSpan): MlflowSpan {
  const { attributes } = span;
  const { [SPAN_TYPE]: type, [LLM_MODEL]: model } = attributes;
  return {
    ...span,
    ...optional('parentSpanId', parentSpanId),
    type: typeof type === 'string' ? type : 'UNKNOWN',
    ...optional('kind', kind),
    ...optional('endTimeUnixNano', endTimeUnixNano),
    ...optional('inputs', attributes[SPAN_INPUTS]),
    ...optional('outputs', attributes[SPAN_OUTPUTS]),
    ...optional('model', typeof model === 'string' ? model : undefined),
    ...optional('tokenUsage', readTokenUsage(attributes[TOKEN_USAGE])),
    ...optional('cost', readCost(attributes[COST])),
  };
}

/** Undefined for a name that OpenTelemetry does not define. */
export function parseKind(kind: unknown): MlflowSpanKind | undefined {
  return KINDS.find((known) => kind === `SPAN_KIND_${known}`);
}

/** Plain values of attributes. The server returns recorded JSON as the values that it stands for. */
function parseAttributes(attributes: readonly WireKeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, parseValue(value ?? {})]));
}

function parseValue(value: WireAnyValue): unknown {
  if (value.string_value !== undefined) return value.string_value;
  if (value.bool_value !== undefined) return value.bool_value;
  if (value.int_value !== undefined) return parseInteger(value.int_value);
  if (value.double_value !== undefined) return Number(value.double_value);
  if (value.array_value !== undefined) return (value.array_value.values ?? []).map(parseValue);
  if (value.kvlist_value !== undefined) return parseAttributes(value.kvlist_value.values);
  return null;
}

/** Text for an integer that a JavaScript number cannot hold. A bigint would make JSON.stringify throw. */
function parseInteger(value: number | string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** Base64, as in the server's answers, to lower-case hexadecimal, as everywhere else. */
function parseId(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}
