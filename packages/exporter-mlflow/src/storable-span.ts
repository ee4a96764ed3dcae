import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { truncate, withoutZeroBytes } from './attributes.js';
import { LIMITS } from './limits.js';

/**
 * A span that any database behind MLflow takes. What the server writes into a column of its own has to fit there:
 * PostgreSQL refuses longer texts, and zero bytes anywhere, and the server then refuses the whole request; for a zero
 * byte with a 500, as if it were an outage. Everything else is stored inside of the span's JSON and goes out as it is.
 */
export function storableSpan(span: ReadableSpan): ReadableSpan {
  const name = withoutZeroBytes(span.name);
  const changed = changedAttributes(span.attributes);
  const resource = storableResource(span.resource);
  if (name === span.name && changed === undefined && resource === span.resource) return span;
  return copySpan(span, {
    name,
    resource,
    ...(changed === undefined ? {} : { attributes: { ...span.attributes, ...changed } }),
  });
}

/** A copy with some fields changed: the fields of a span are partly its own, partly its class's. */
export function copySpan(span: ReadableSpan, changes: Partial<ReadableSpan>): ReadableSpan {
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(span.parentSpanContext === undefined ? {} : { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: span.status,
    attributes: span.attributes,
    links: span.links,
    events: span.events,
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
    ...changes,
  };
}

/**
 * Attributes that end in a column, in MLflow's words and in those of the conventions that the server translates
 * (mlflow/tracing/otel/translation). Model and provider are shortened by the server itself.
 */
const COLUMN_LIMITS: Readonly<Record<string, number>> = {
  'mlflow.spanType': LIMITS.spanType,
  'session.id': LIMITS.session,
  'gen_ai.conversation.id': LIMITS.session,
  'user.id': LIMITS.metadataValue,
  'mlflow.traceTag.mlflow.traceName': LIMITS.traceName,
  'mlflow.llm.model': Number.POSITIVE_INFINITY,
  'mlflow.llm.provider': Number.POSITIVE_INFINITY,
  'gen_ai.request.model': Number.POSITIVE_INFINITY,
  'gen_ai.response.model': Number.POSITIVE_INFINITY,
  'gen_ai.provider.name': Number.POSITIVE_INFINITY,
  'gen_ai.system': Number.POSITIVE_INFINITY,
  'llm.model_name': Number.POSITIVE_INFINITY,
  'llm.request.model_name': Number.POSITIVE_INFINITY,
  'llm.response.model_name': Number.POSITIVE_INFINITY,
  'embedding.model_name': Number.POSITIVE_INFINITY,
  'llm.provider': Number.POSITIVE_INFINITY,
};
const TAG_PREFIX = 'mlflow.traceTag.';

function changedAttributes(attributes: Attributes): Attributes | undefined {
  let changed: Attributes | undefined;
  for (const key in attributes) {
    const limit = COLUMN_LIMITS[key] ?? (key.startsWith(TAG_PREFIX) ? LIMITS.tagValue : undefined);
    const value = attributes[key];
    if (limit === undefined || typeof value !== 'string') continue;
    if (value.length <= limit && !value.includes('\0')) continue;
    changed ??= {};
    changed[key] = truncate(value, limit);
  }
  return changed;
}

type Resource = ReadableSpan['resource'];
const storableResources = new WeakMap<Resource, Resource>();

/** The server makes tags of resource attributes. A process has one resource or few, so each is looked at once. */
function storableResource(resource: Resource): Resource {
  const known = storableResources.get(resource);
  if (known !== undefined) return known;
  // Some attributes may still be found out.
  if (resource.asyncAttributesPending) return resource;
  const entries = Object.entries(resource.attributes);
  const isZero = ([, value]: (typeof entries)[number]): boolean => typeof value === 'string' && value.includes('\0');
  const storable = entries.some(isZero)
    ? (Object.create(resource, {
        attributes: {
          value: Object.fromEntries(
            entries.map(([key, value]) => [key, typeof value === 'string' ? withoutZeroBytes(value) : value]),
          ),
        },
      }) as Resource)
    : resource;
  storableResources.set(resource, storable);
  return storable;
}
