/** What Python's autolog wrote to MLflow, read in place, and the calls it came from. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Exchange } from 'bedrock-simulator';

const GOLDEN = new URL('../../../../shared/golden/', import.meta.url);

interface StoredSpan {
  readonly name: string;
  readonly parent_span_id: string | null;
  readonly status: { readonly code: string; readonly message: string };
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[];
}

interface StoredTrace {
  readonly info: {
    readonly state: string;
    readonly client_request_id?: string;
    readonly trace_metadata: Readonly<Record<string, string>>;
    readonly tags: Readonly<Record<string, string>>;
  };
  readonly data: { readonly spans: readonly StoredSpan[] };
}

export interface GoldenSpan {
  readonly name: string;
  readonly isRoot: boolean;
  readonly type: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly events: readonly { readonly name: string; readonly json: unknown }[];
  /** Parsed from the message of botocore's ClientError. */
  readonly error: { readonly type: string; readonly message: string } | undefined;
}

export interface GoldenTrace {
  readonly name: string;
  readonly info: StoredTrace['info'];
  readonly tokenUsage: unknown;
  readonly cost: unknown;
  readonly spans: readonly GoldenSpan[];
}

/** Undefined when the golden traces are not beside this checkout. */
export function readGoldenTraces(): GoldenTrace[] | undefined {
  if (!existsSync(GOLDEN)) return undefined;
  return readdirSync(GOLDEN)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const { info, data } = JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8')) as StoredTrace;
      const metadata = (key: string): unknown => JSON.parse(info.trace_metadata[key] ?? 'null');
      return {
        name: file.replace('.json', ''),
        info,
        tokenUsage: metadata('mlflow.trace.tokenUsage'),
        cost: metadata('mlflow.trace.cost'),
        spans: data.spans.map(readSpan),
      };
    });
}

function readSpan({ name, parent_span_id, status, attributes, events }: StoredSpan): GoldenSpan {
  const parsed = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, JSON.parse(value)]));
  const failure = /An error occurred \((\w+)\) when calling the \w+ operation: (.*)$/s.exec(status.message);
  return {
    name,
    isRoot: parent_span_id === null,
    type: parsed['mlflow.spanType'],
    attributes: parsed,
    inputs: withoutPythonBytes(parsed['mlflow.spanInputs']),
    outputs: parsed['mlflow.spanOutputs'],
    events: events
      .filter(({ name: event }) => event !== 'exception')
      .map((event) => ({ name: event.name, json: JSON.parse(event.attributes['json'] ?? 'null') })),
    error: failure ? { type: failure[1] ?? '', message: failure[2] ?? '' } : undefined,
  };
}

/** What the service answered, as an exchange for the simulator. */
export function exchangeOf(id: string, span: GoldenSpan): Exchange {
  const operation = span.name
    .replace('BedrockRuntime.', '')
    .replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
  const { modelId } = span.inputs as { modelId: string };
  const base = { id, operation, modelId };
  if (span.error) {
    const status = span.error.type === 'ThrottlingException' ? 429 : 403;
    const headers = { 'x-amzn-errortype': span.error.type };
    return { ...base, response: { status, headers, body: { message: span.error.message } } };
  }
  const output = span.outputs as { body?: unknown };
  switch (operation) {
    case 'ConverseStream':
      return {
        ...base,
        response: {},
        responseEvents: span.events.map(({ name, json }) => ({ type: name, payload: json })),
      };
    case 'InvokeModelWithResponseStream':
      return {
        ...base,
        response: {},
        responseEvents: span.events.map(({ json }) => ({ type: 'chunk', payload: json })),
      };
    case 'InvokeModel':
      return { ...base, response: { headers: { 'content-type': 'application/json' }, body: output.body } };
    default:
      return { ...base, response: { body: withoutResponseMetadata(output) } };
  }
}

export function withoutResponseMetadata(output: unknown): unknown {
  const { ResponseMetadata: _, ...rest } = output as Record<string, unknown>;
  return rest;
}

/** Python shows bytes as `b'…'`; the SDK's input has bytes there, or text for a body. */
function withoutPythonBytes(value: unknown): unknown {
  if (typeof value === 'string') return /^b'.*'$/s.test(value) ? pythonBytes(value.slice(2, -1)) : value;
  if (Array.isArray(value)) return value.map(withoutPythonBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutPythonBytes(member)]));
}

function pythonBytes(literal: string): Buffer {
  const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'" };
  const text = literal.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(text, 'latin1');
}
