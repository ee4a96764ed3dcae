import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { MlflowSpanProcessor } from 'opentelemetry-exporter-mlflow';
import { reportErrors } from '../common/reported.js';
import { SharedFlag } from './shared-flag.js';

/** Forwards spans to the processor that sends them while it is enabled, and knows whether some are not sent. */
export class SwitchableSpanProcessor implements SpanProcessor {
  /** Set from the end of a span until a flush that began later ends, and until no span waits. */
  readonly hasUnsentSpans: SharedFlag = new SharedFlag();
  readonly #processor: MlflowSpanProcessor;
  #isEnabled = true;
  #endedSpans = 0;
  #flushedSpans = 0;

  constructor(processor: MlflowSpanProcessor) {
    this.#processor = processor;
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
    this.#processor.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    if (!this.#isEnabled) return;
    this.#endedSpans += 1;
    this.hasUnsentSpans.set(true);
    this.#processor.onEnd(span);
  }

  /** Sends the spans that ended so far. Reports why exporters failed, and never rejects. */
  async forceFlush(): Promise<void> {
    const endedSpans = this.#endedSpans;
    await this.#processor.forceFlush().catch(reportErrors);
    this.#flushed(endedSpans);
  }

  async shutdown(): Promise<void> {
    this.#isEnabled = false;
    await this.#processor.shutdown().catch(reportErrors);
    this.#flushed(this.#endedSpans);
  }

  #flushed(endedSpans: number): void {
    this.#flushedSpans = Math.max(this.#flushedSpans, endedSpans);
    this.hasUnsentSpans.set(this.#endedSpans > this.#flushedSpans || this.#processor.waitingSpans > 0);
  }
}
