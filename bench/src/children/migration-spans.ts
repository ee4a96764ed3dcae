/** Keeps the spans of the packages in the folder of the peers. */

import { loadPeer } from '../install.js';
import type { MigrationSpan } from '../migration.js';

// biome-ignore-start lint/suspicious/noExplicitAny: objects of the OpenTelemetry in the folder of the peers
/** Registers a tracer provider that keeps its spans in memory. */
export function recordSpans(): { readonly memory: any; readonly provider: any } {
  const { NodeTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = loadPeer('@opentelemetry/sdk-trace-node');
  const memory = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
  provider.register();
  return { memory, provider };
}

export function plainSpan(span: any): MigrationSpan {
  const { name, kind, status, attributes, instrumentationScope, parentSpanContext } = span;
  const { spanId: id } = span.spanContext();
  return { id, parent: parentSpanContext?.spanId, scope: instrumentationScope.name, name, kind, status, attributes };
}
// biome-ignore-end lint/suspicious/noExplicitAny: see above
