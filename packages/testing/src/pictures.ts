/**
 * The pictures of the documentation, and what they show: the traces of the demo. `docs/images/manifest.json` has the
 * fingerprints of what they showed when they were made.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DemoExample } from './examples.js';

export const IMAGES: string = resolve(import.meta.dirname, '../../../docs/images');

export interface Manifest {
  /** The version of MLflow whose pages the pictures show. */
  readonly mlflow: string;
  /** Fingerprints of the traces, by the example that makes them. */
  readonly traces: Readonly<Record<string, string>>;
  /** SHA-256 of the pictures, by file name. */
  readonly images: Readonly<Record<string, string>>;
}

/** The part of a trace that its page shows. Times and ids differ from run to run. */
interface ShownTrace {
  readonly info: { readonly name: string; readonly state: string; readonly requestPreview?: string | undefined };
  readonly spans: readonly ShownSpan[];
}

interface ShownSpan {
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly type: string;
  readonly statusMessage?: string | undefined;
  readonly inputs?: unknown;
  readonly outputs?: unknown;
  readonly tokenUsage?: unknown;
  readonly cost?: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string }[];
}

export function readManifest(): Manifest {
  return JSON.parse(readFileSync(resolve(IMAGES, 'manifest.json'), 'utf8')) as Manifest;
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The fingerprint of the traces that an example makes. The order of spans that start at once does not matter. */
export function fingerprint(traces: readonly ShownTrace[]): string {
  return sha256(traces.map(describeTrace).sort().join('\n'));
}

/** Why the pictures are older than what they show; undefined if they are not. */
export function whyOutdated(example: DemoExample, traces: readonly ShownTrace[]): string | undefined {
  if (readManifest().traces[example] === fingerprint(traces)) return undefined;
  return `The pictures in docs/images are older than the traces of the example ${example}. Run "npm run screenshots" and look at the pictures.`;
}

function describeTrace({ info, spans }: ShownTrace): string {
  const { name, state, requestPreview } = info;
  return JSON.stringify([name, state, requestPreview, describeSpans(spans, undefined)]);
}

function describeSpans(spans: readonly ShownSpan[], parent: string | undefined): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .map((span) => {
      const { name, type, statusMessage, inputs, outputs, tokenUsage, cost, events, attributes } = span;
      const format = attributes['mlflow.message.format'];
      const names = events.map((event) => event.name);
      const shown = { name, type, statusMessage, inputs, outputs, tokenUsage, cost, format, names };
      return withoutIds(JSON.stringify(shown)) + describeSpans(spans, span.spanId).join();
    })
    .sort();
}

/** Members of answers that differ from run to run. */
const METADATA = /"(?:\$metadata|metrics)":\{[^{}]*\}/g;
const TIMES_AND_IDS: readonly RegExp[] = [
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
  /\btool(?:use|u_bdrk)_[\w-]+/g,
  /\b\d{4}-\d\d-\d\dT[\d:.]+Z?/g,
  /\b\d\d:\d\d\b/g,
];

function withoutIds(json: string): string {
  return TIMES_AND_IDS.reduce((text, pattern) => text.replace(pattern, '*'), json.replace(METADATA, '*'));
}
