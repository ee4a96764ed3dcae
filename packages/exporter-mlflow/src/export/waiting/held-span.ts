import {
  type Attributes,
  type HrTime,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from '@opentelemetry/api';
import type { ReadableSpan, SpanEvent, SpanLink, SpanResource, SpanScope } from '../../common/sdk-types.js';
import { readableBytes } from '../../common/text.js';
import { type Content, LEFT_OUT, withoutContent } from '../span/content.js';
import { bytesInMemory } from '../span/size.js';

/**
 * A span that waits for its exporters. It has the members of the SDK's span and does not keep that one, so that dropping
 * its content frees memory. Other processors read the SDK's span, which stays as it is.
 */
export class HeldSpan implements ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  status: SpanStatus;
  attributes: Attributes;
  links: SpanLink[];
  events: SpanEvent[];
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly resource: SpanResource;
  readonly instrumentationScope: SpanScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  readonly #context: SpanContext;
  #bytes: number;
  #hasContent = true;

  /** @throws any error of a span that a faulty wrapper made */
  constructor(span: ReadableSpan) {
    this.name = span.name;
    this.kind = span.kind;
    this.#context = span.spanContext();
    if (span.parentSpanContext !== undefined) this.parentSpanContext = span.parentSpanContext;
    this.startTime = span.startTime;
    this.endTime = span.endTime;
    this.status = span.status;
    this.attributes = span.attributes;
    this.links = span.links;
    this.events = span.events;
    this.duration = span.duration;
    this.ended = span.ended;
    this.resource = span.resource;
    this.instrumentationScope = span.instrumentationScope;
    this.droppedAttributesCount = span.droppedAttributesCount;
    this.droppedEventsCount = span.droppedEventsCount;
    this.droppedLinksCount = span.droppedLinksCount;
    this.#bytes = bytesInMemory(this);
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  /** The approximate memory that it occupies. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Keeps the figures only. Returns how many bytes that freed; 0 if the span has no content worth it.
   *
   * @param maxBytes the limit that makes this necessary, for the note on the span
   */
  dropContent(maxBytes: number): number {
    if (!this.#hasContent) return 0;
    this.#hasContent = false;
    const bare = this.#withoutContent(
      (missing) => `${missing} were left out, because spans of more than ${readableBytes(maxBytes)} waited for MLflow.`,
    );
    const freed = this.#bytes - bytesInMemory(bare);
    if (freed <= 0) return 0;
    this.name = bare.name;
    this.attributes = bare.attributes;
    this.events = bare.events;
    this.links = bare.links;
    this.status = bare.status;
    this.#bytes -= freed;
    return freed;
  }

  #withoutContent(describe: (missing: string) => string): Content {
    try {
      return withoutContent(this, describe);
    } catch {
      // A faulty wrapper made this span. Its place in the trace is left.
      const attributes = { [LEFT_OUT]: describe('All attributes and events') };
      return { name: String(this.name), attributes, events: [], links: [], status: { code: SpanStatusCode.UNSET } };
    }
  }
}
