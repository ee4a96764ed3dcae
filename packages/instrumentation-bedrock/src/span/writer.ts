/** Writes the span of one call, and its event. Gets plain data; decides only where each value is written. */

import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from '@opentelemetry/semantic-conventions';
import { limitFailureText } from '../data/cut.js';
import type { Failure, OperationName } from '../data/facts.js';
import type { JsonValue } from '../data/json.js';
import { stringify } from '../data/numbers.js';
import type { ResolvedConfig } from '../data/settings.js';
import { add } from './attributes.js';
import { ChunkEvents, type SpanMoment } from './chunk-events.js';
import { ContentRecord, type RecordedAnswer, type RecordedRequest, type WrittenContent } from './content-record.js';
import type { InferenceEvent } from './events.js';
import { chunkName, type RecordableFacts, recordableFacts, spanName } from './facts.js';

/** The part of the record that chunk events can have. They repeat the answer. */
const CHUNKS_PART = 1 / 4;

export class SpanWriter {
  readonly #span: Span;
  readonly #config: ResolvedConfig;
  readonly #event: InferenceEvent | undefined;
  readonly #chunks: ChunkEvents;
  readonly #content: ContentRecord;
  /** In characters: texts that are on the span already. */
  #length = 0;
  #written: WrittenContent | undefined;

  /** @param parts `event` is undefined if no event is emitted. */
  constructor(parts: { span: Span; config: ResolvedConfig; event: InferenceEvent | undefined }) {
    this.#span = parts.span;
    this.#config = parts.config;
    this.#event = parts.event;
    this.#chunks = new ChunkEvents(parts.span, parts.config.maxRecordLength * CHUNKS_PART);
    this.#content = new ContentRecord(parts.config);
  }

  /** In characters: the content and the texts that are on the span. */
  get length(): number {
    const texts = Object.values(this.#written?.attributes ?? {}).map((value) => String(value).length);
    return this.#length + this.#chunks.length + texts.reduce((sum, length) => sum + length, 0);
  }

  /** Leaves `length` characters of the record to others. */
  reserve(length: number): void {
    this.#length += length;
  }

  rename(identity: RecordableFacts): void {
    this.#span.updateName(spanName(identity));
  }

  /** Writes attributes that are no content, to span and event. */
  writeFacts(attributes: RecordableFacts): void {
    this.#span.setAttributes(attributes);
    this.#event?.add(attributes);
  }

  /** Replaces a request that was added before. */
  addRequest(request: RecordedRequest): void {
    this.#content.request = request;
  }

  addAnswer(answer: RecordedAnswer): void {
    this.#content.answer = answer;
  }

  writeChunk(name: string, value: JsonValue): void {
    this.#chunks.write(chunkName(name, this.#config.foreignWords), stringify(value));
  }

  /** @param content the words; undefined if they may not be recorded. */
  writeMoment({ name, time, facts }: SpanMoment, content: JsonValue | undefined): void {
    const isShown = content !== undefined && this.#config.contentOnSpans;
    this.#chunks.writeMoment({ name, time, facts }, isShown ? stringify(content) : undefined);
  }

  writeFailure({ type, description, message, stack }: Failure): void {
    this.writeFacts(recordableFacts({ [ATTR_ERROR_TYPE]: type }, this.#config.foreignWords));
    if (description !== undefined) {
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: description });
      return;
    }
    const exception: Attributes = { [ATTR_EXCEPTION_TYPE]: type };
    const shown = this.#failureText(message);
    add(exception, ATTR_EXCEPTION_MESSAGE, shown);
    add(exception, ATTR_EXCEPTION_STACKTRACE, this.#failureText(stack));
    this.#event?.emitException(exception);
    const { contentOnSpans } = this.#config;
    const status = shown && contentOnSpans ? `${type}: ${shown}` : type;
    this.#length += status.length;
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: status });
    this.#span.addEvent('exception', contentOnSpans ? exception : { [ATTR_EXCEPTION_TYPE]: type });
  }

  /** @param operation see {@link InferenceEvent.emit}. */
  emitEvent(operation: OperationName): void {
    if (!this.#event) return;
    this.#event.add(this.#writtenContent().forEvent);
    this.#event.emit(operation);
  }

  /**
   * Writes the content, when the span ends: if a span can hold only so many attributes, figures are more important.
   * Content that a hook of the application wrote to the span stays in its place.
   */
  writeContent(): void {
    this.#chunks.finish();
    const content = { ...this.#writtenContent().attributes };
    const { attributes: written = {} } = this.#span as { readonly attributes?: Attributes };
    for (const name of Object.keys(content)) {
      if (name in written) delete content[name];
    }
    this.#span.setAttributes(content);
  }

  /** Written once, when nothing more is added. */
  #writtenContent(): WrittenContent {
    this.#written ??= this.#content.write(this.#config.maxRecordLength - this.#chunks.length - this.#length);
    return this.#written;
  }

  #failureText(text: string | undefined): string | undefined {
    if (text === undefined) return undefined;
    const shown = limitFailureText(text, this.#config.maxRecordLength);
    this.#length += shown.length;
    return shown;
  }
}
