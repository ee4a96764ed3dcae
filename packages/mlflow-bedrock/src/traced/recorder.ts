import { type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from '@opentelemetry/semantic-conventions';
import {
  errorMessage,
  errorStack,
  errorType,
  type JsonValue,
  limitFailureText,
  prepareContent,
  type ResolvedConfig,
  stringify,
  stringifyWithin,
  toJson,
} from 'opentelemetry-instrumentation-bedrock/recording';
import { counted } from '../common/counted.js';
import { warnOfError, warnOfErrorOnce } from '../common/warn.js';
import { contentConfig } from '../current-trace/content-config.js';
import { state } from '../current-trace/process-state.js';
import { hideHeaders } from './sensitive-headers.js';

/** A generator may never end, so later items are counted but not kept. */
const MAX_ITEMS = 1000;
const MAX_ITEMS_LENGTH = 1_048_576;

/** What a recorder needs to know of its function. */
export interface TracedFunction {
  /** Name of the span. */
  readonly name: string;
  readonly isTool: boolean;
  /** Names of headers to hide, besides the usual ones. */
  readonly sensitiveHeaders: readonly string[];
}

/**
 * Writes input, output and error of one call of a traced function to its span, and ends the span exactly once. Never
 * throws: it logs a failure and goes on without that part. Holds no reference to a generator, which would keep the
 * garbage collector from noticing that the application dropped it.
 */
export class TracedRecorder {
  readonly #span: Span;
  readonly #traced: TracedFunction;
  readonly #config: ResolvedConfig;
  readonly #items: JsonValue[] = [];
  #itemsLength = 0;
  #itemsLeftOut = 0;
  #isEnded = false;
  readonly #onEnd: (span: Span) => void;

  constructor(span: Span, traced: TracedFunction, onEnd: (span: Span) => void) {
    this.#span = span;
    this.#traced = traced;
    this.#config = contentConfig();
    this.#onEnd = onEnd;
  }

  /** Records the input. Calls `read` only if content is recorded. */
  input(read: () => unknown): void {
    this.#write('request', read, 'mlflow.spanInputs', 'gen_ai.tool.call.arguments');
  }

  /** Records one yielded value. Copies it at once, because the application may change it. */
  item(value: unknown): void {
    if (!this.#recordsContent()) return;
    this.#safely(() => {
      if (this.#items.length >= MAX_ITEMS || this.#itemsLength >= MAX_ITEMS_LENGTH) {
        this.#itemsLeftOut++;
        return;
      }
      const item = this.#copy(value) ?? null;
      this.#items.push(item);
      this.#itemsLength += stringify(item).length;
    });
  }

  /** Ends the span of a function that returned. Calls `read` for the result only if content is recorded. */
  returned(read: () => unknown): void {
    this.#end(() => this.#output(read));
  }

  /** Ends the span of a generator that ended, or whose reader stopped. */
  finished(): void {
    this.#end(() => this.#outputItems());
  }

  /** Ends the span of a function or generator that threw. */
  failed(error: unknown): void {
    this.#end(() => {
      if (this.#items.length > 0) this.#outputItems();
      this.#failure(error);
    });
  }

  #end(record: () => void): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#safely(record);
    this.#safely(() => this.#span.end());
    this.#safely(() => this.#onEnd(this.#span));
  }

  #outputItems(): void {
    const note = this.#itemsLeftOut > 0 ? [`[${counted(this.#itemsLeftOut, 'more item')} not recorded]`] : [];
    this.#output(() => [...this.#items, ...note]);
  }

  #output(read: () => unknown): void {
    this.#write('response', read, 'mlflow.spanOutputs', 'gen_ai.tool.call.result');
  }

  #write(kind: 'request' | 'response', read: () => unknown, mlflow: string, genAi: string): void {
    if (!this.#recordsContent()) return;
    this.#safely(() => {
      const content = this.#prepare(kind, this.#copy(read()));
      if (content === undefined) return;
      const { mlflowContent, genAiContent, maxRecordLength } = this.#config;
      const names = [...(mlflowContent ? [mlflow] : []), ...(genAiContent && this.#traced.isTool ? [genAi] : [])];
      if (names.length === 0) return;
      // Input and output can each have a half of the record.
      const text = stringifyWithin(content, maxRecordLength / 2 / names.length);
      this.#span.setAttributes(Object.fromEntries(names.map((name) => [name, text])));
    });
  }

  #failure(error: unknown): void {
    const { contentOnSpans, foreignWords } = this.#config;
    const type = errorType(error, foreignWords);
    const original = errorMessage(error);
    const shown = contentOnSpans ? this.#prepare('error', original) : undefined;
    // The stack trace repeats the message, so it is recorded only if the contentHook left the message unchanged.
    const stack = shown === original ? this.#failureText(this.#stack(error)) : undefined;
    const text = this.#failureText(shown);
    this.#span.setAttribute(ATTR_ERROR_TYPE, type);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: text ? `${type}: ${text}` : type });
    this.#span.addEvent('exception', {
      [ATTR_EXCEPTION_TYPE]: type,
      ...(text === undefined ? {} : { [ATTR_EXCEPTION_MESSAGE]: text }),
      ...(stack ? { [ATTR_EXCEPTION_STACKTRACE]: stack } : {}),
    });
  }

  /** A stack trace also has the error's name and names of functions, so it passes the hook, too. */
  #stack(error: unknown): string | undefined {
    const stack = errorStack(error);
    const shown = this.#config.foreignWords === 'all' ? stack : this.#prepare('error', stack);
    return typeof shown === 'string' ? shown : undefined;
  }

  #failureText(text: JsonValue | undefined): string | undefined {
    return typeof text === 'string' ? limitFailureText(text, this.#config.maxRecordLength) : undefined;
  }

  #recordsContent(): boolean {
    return this.#config.contentOnSpans && this.#span.isRecording();
  }

  #copy(value: unknown): JsonValue | undefined {
    const copy = toJson(value, { maxMediaBytes: this.#config.maxMediaBytes });
    return copy === undefined ? undefined : hideHeaders(copy, this.#sensitiveHeaders());
  }

  #sensitiveHeaders(): readonly string[] {
    // An application in JavaScript may pass a single name in place of a list.
    return [state.sensitiveHeaders ?? [], this.#traced.sensitiveHeaders].flat();
  }

  #prepare(kind: 'request' | 'response' | 'error', value: JsonValue | undefined): JsonValue | undefined {
    return prepareContent(kind, value, { operation: this.#traced.name, modelId: undefined }, this.#config, warnOfError);
  }

  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      warnOfErrorOnce(`a part of the span "${this.#traced.name}" could not be recorded`, error);
    }
  }
}
