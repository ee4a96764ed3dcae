/** Reads what Python's autolog wrote to MLflow. `../golden/make.ts` makes the files. */

import { readdirSync, readFileSync } from 'node:fs';

const GOLDEN = new URL('../golden/', import.meta.url);

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
  /** Parsed from the message of botocore's error. */
  readonly error: { readonly type: string; readonly message: string } | undefined;
}

export interface GoldenTrace {
  readonly name: string;
  readonly info: StoredTrace['info'];
  readonly tokenUsage: unknown;
  readonly cost: unknown;
  readonly spans: readonly GoldenSpan[];
}

export function readGoldenTraces(): GoldenTrace[] {
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

const BOTOCORE_ERROR =
  /An error occurred \((\w+)\) when calling the \w+ operation(?: \(reached max retries: \d+\))?: (.*)$/s;

function readSpan({ name, parent_span_id, status, attributes, events }: StoredSpan): GoldenSpan {
  const parsed = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, JSON.parse(value)]));
  const failure = BOTOCORE_ERROR.exec(status.message);
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

export function withoutResponseMetadata(output: unknown): unknown {
  const { ResponseMetadata: _, ...rest } = output as Record<string, unknown>;
  return rest;
}

/** Python records bytes as `b'…'`. The SDK's input has bytes there. */
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
