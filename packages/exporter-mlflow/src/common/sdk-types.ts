import type { Attributes, Context, HrTime, Link, Span, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';

/*
 * The part of OpenTelemetry's SDK that exporters and processors see. The SDK's own types are in different packages on its
 * lines 2.x and 3.x, so importing them would install a second SDK beside the application's. A test assigns both lines to
 * these.
 */

/** A finished span, as the SDK passes it to exporters. Compatible with `ReadableSpan` of OpenTelemetry's SDK. */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: SpanLink[];
  readonly events: SpanEvent[];
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly resource: SpanResource;
  readonly instrumentationScope: SpanScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** A link from a span to another span. */
export interface SpanLink extends Link {
  droppedAttributesCount?: number;
}

/** An event with its time. */
export interface SpanEvent {
  time: HrTime;
  name: string;
  attributes?: Attributes;
  droppedAttributesCount?: number;
}

/** What produced a span, for example a service. */
export interface SpanResource {
  readonly attributes: Attributes;
  readonly schemaUrl?: string;
  /** Whether detectors still look for further attributes. */
  readonly asyncAttributesPending?: boolean;
}

/** The library that created a span. */
export interface SpanScope {
  readonly name: string;
  readonly version?: string;
  readonly schemaUrl?: string;
}

/** The result of one export. Compatible with `ExportResult` of OpenTelemetry's SDK. */
export interface ExportResult {
  /** 0 for success, 1 for failure, as in `ExportResultCode` of `@opentelemetry/core`. */
  code: 0 | 1;
  /** Why the export failed. */
  error?: Error;
}

/** What a span processor needs of an exporter. Compatible with `SpanExporter` of OpenTelemetry's SDK. */
export interface SpanExporter {
  /** Delivers finished spans, then calls back once. */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void;
  /** Delivers what is under way, then stops for good. */
  shutdown(): Promise<void>;
  /** Delivers what is under way. */
  forceFlush?(): Promise<void>;
}

/** Receives spans from a tracer provider. Compatible with `SpanProcessor` of OpenTelemetry's SDK. */
export interface SpanProcessor {
  onStart(span: Span, parentContext: Context): void;
  onEnd(span: ReadableSpan): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}
