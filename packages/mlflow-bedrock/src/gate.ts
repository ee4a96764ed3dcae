import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** Passes spans on while it is open, and knows whether some have not been flushed. */
export class Gate implements SpanProcessor {
  readonly #processors: readonly SpanProcessor[];
  #ended = 0;
  #flushed = 0;
  isOpen = true;

  constructor(processors: readonly SpanProcessor[]) {
    this.#processors = processors;
  }

  /** True from the end of a span to the end of the next flush. */
  get hasUnsent(): boolean {
    return this.#ended > this.#flushed;
  }

  onStart(span: Span, parentContext: Context): void {
    for (const processor of this.#processors) processor.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    if (!this.isOpen) return;
    this.#ended += 1;
    for (const processor of this.#processors) processor.onEnd(span);
  }

  /** Never rejects: exporters have told `diag` what they could not deliver. */
  async forceFlush(): Promise<void> {
    const ended = this.#ended;
    await Promise.allSettled(this.#processors.map((processor) => processor.forceFlush()));
    this.#flushed = Math.max(this.#flushed, ended);
  }

  async shutdown(): Promise<void> {
    this.isOpen = false;
    await Promise.allSettled(this.#processors.map((processor) => processor.shutdown()));
    this.#flushed = this.#ended;
  }
}
