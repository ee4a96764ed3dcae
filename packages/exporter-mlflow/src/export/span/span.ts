import { groupBy } from '../../common/maps.js';
import type { ReadableSpan } from '../../common/sdk-types.js';

/** A span that a filter may have moved. */
export interface PlacedSpan extends ReadableSpan {
  /** Id of the local root above it if that was left out. Spans with the same one are parts of one request. */
  readonly leftOutRoot?: string;
}

/**
 * A copy of a span with some members replaced. The span itself belongs to the application, and other exporters read it,
 * too.
 */
export function copySpan(span: PlacedSpan, changes: Partial<PlacedSpan>): PlacedSpan {
  // Member by member, because spans of the SDK have some members on the prototype, which a spread leaves out.
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
    ...(span.leftOutRoot === undefined ? {} : { leftOutRoot: span.leftOutRoot }),
    ...changes,
  };
}

/** Whether the span has no parent at all, so that it is the root of its trace. */
export function isRoot({ parentSpanContext }: Pick<ReadableSpan, 'parentSpanContext'>): boolean {
  return parentSpanContext === undefined;
}

/**
 * Id of the local root, of a span that is it or that moved to its place. Undefined for every other span. A trace can have
 * several requests, each with a local root: the span without a parent in this process.
 */
export function localRootId(
  span: Pick<PlacedSpan, 'parentSpanContext' | 'spanContext' | 'leftOutRoot'>,
): string | undefined {
  return span.leftOutRoot ?? (isRoot(span) || hasRemoteParent(span) ? span.spanContext().spanId : undefined);
}

/** Whether the span's parent is in another process. */
export function hasRemoteParent({ parentSpanContext: parent }: Pick<ReadableSpan, 'parentSpanContext'>): boolean {
  return parent?.isRemote === true;
}

/** Whether the server may count tokens or cost of this span: in MLflow's words or in those of any convention. */
export function hasFigures({ attributes }: Pick<ReadableSpan, 'attributes'>): boolean {
  return Object.keys(attributes).some((key) => /usage|token_count|\.cost/i.test(key));
}

/** The spans by their trace id, in their order. */
export function groupByTrace(spans: readonly ReadableSpan[]): Map<string, ReadableSpan[]> {
  return groupBy(spans, (span) => span.spanContext().traceId);
}
