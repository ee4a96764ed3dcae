import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { reportErrors } from '../common/reported.js';
import { SharedFlag } from './shared-flag.js';

/** Forwards spans to other processors while it is enabled, and knows whether some have not been flushed. */
export class SwitchableSpanProcessor implements SpanProcessor {
  /** Set from the end of a span until a flush that began later ends. */
  readonly hasUnsentSpans: SharedFlag = new SharedFlag();
  readonly #processors: readonly SpanProcessor[];
  #isEnabled = true;
  #endedSpans = 0;
  #flushedSpans = 0;

  constructor(processors: readonly SpanProcessor[]) {
    this.#processors = processors;
  }

  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  enable(): void {
    this.#isEnabled = true;
  }

  /** Drops spans that end from now on. */
  disable(): void {
    this.#isEnabled = false;
  }

  onStart(span: Span, parentContext: Context): void {
    for (const processor of this.#processors) processor.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    if (!this.#isEnabled) return;
    this.#endedSpans += 1;
    this.hasUnsentSpans.set(true);
    for (const processor of this.#processors) processor.onEnd(span);
  }

  /** Sends the spans that ended so far. Reports why processors failed, and never rejects. */
  async forceFlush(): Promise<void> {
    const endedSpans = this.#endedSpans;
    await this.#settle((processor) => processor.forceFlush());
    this.#flushed(endedSpans);
  }

  async shutdown(): Promise<void> {
    this.#isEnabled = false;
    await this.#settle((processor) => processor.shutdown());
    this.#flushed(this.#endedSpans);
  }

  /** Reports why processors failed. */
  async #settle(work: (processor: SpanProcessor) => Promise<void>): Promise<void> {
    await Promise.all(this.#processors.map((processor) => work(processor).catch(reportErrors)));
  }

  #flushed(endedSpans: number): void {
    this.#flushedSpans = Math.max(this.#flushedSpans, endedSpans);
    this.hasUnsentSpans.set(this.#endedSpans > this.#flushedSpans);
  }
}
