import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** Counts spans: each that starts must end once. */
export class SpanLedger implements SpanProcessor {
  readonly #open = new Set<string>();
  started = 0;
  ended = 0;
  /** Spans that ended a second time. */
  endedTwice = 0;

  get open(): number {
    return this.#open.size;
  }

  onStart(span: Span): void {
    this.started++;
    this.#open.add(span.spanContext().spanId);
  }

  onEnd(span: ReadableSpan): void {
    this.ended++;
    if (!this.#open.delete(span.spanContext().spanId)) this.endedTwice++;
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
