/** Writes what a traced function was given and what came of it onto its span. */

import { type Attributes, diag, type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from '@opentelemetry/semantic-conventions';
import {
  errorMessage,
  errorStack,
  type JsonValue,
  prepareContent,
  type ResolvedConfig,
  toJson,
} from 'opentelemetry-instrumentation-bedrock/recording';
import { contentConfig } from './state.js';

/** A generator may yield without end; the items after these are counted and not kept. */
const MAX_ITEMS = 1000;
const MAX_ITEMS_LENGTH = 1_048_576;

/**
 * Never throws: what goes wrong is told through `diag` and costs the record. Ends its span once, whatever comes after.
 * Holds no reference to the generator, so that a dropped one can be noticed.
 */
export class TracedRecorder {
  readonly #span: Span;
  readonly #name: string;
  readonly #isTool: boolean;
  readonly #config: ResolvedConfig;
  readonly #items: JsonValue[] = [];
  #itemsLength = 0;
  #itemsLeftOut = 0;
  #isEnded = false;
  readonly #onEnd: (span: Span) => void;

  constructor(span: Span, name: string, isTool: boolean, onEnd: (span: Span) => void) {
    this.#span = span;
    this.#name = name;
    this.#isTool = isTool;
    this.#config = contentConfig();
    this.#onEnd = onEnd;
  }

  /** @param read gives the input; called only where it is recorded. */
  input(read: () => unknown): void {
    this.#write('request', read, 'mlflow.spanInputs', 'gen_ai.tool.call.arguments');
  }

  /** One yielded value, copied at once: the application may change it. */
  item(value: unknown): void {
    if (!this.#recordsContent()) return;
    this.#safely(() => {
      if (this.#items.length >= MAX_ITEMS || this.#itemsLength >= MAX_ITEMS_LENGTH) {
        this.#itemsLeftOut++;
        return;
      }
      const item = toJson(value, this.#limits()) ?? null;
      this.#items.push(item);
      this.#itemsLength += JSON.stringify(item).length;
    });
  }

  /** Ends the span of a function that returned. */
  returned(value: unknown): void {
    this.#end(() => this.#output(() => value));
  }

  /** Ends the span of a generator that was read to its end, or as far as its reader wanted. */
  finished(): void {
    this.#end(() => this.#outputItems());
  }

  /** Ends the span of what threw. */
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
    const note = this.#itemsLeftOut > 0 ? [`[${this.#itemsLeftOut} more items not recorded]`] : [];
    this.#output(() => [...this.#items, ...note]);
  }

  #output(read: () => unknown): void {
    this.#write('response', read, 'mlflow.spanOutputs', 'gen_ai.tool.call.result');
  }

  #write(kind: 'request' | 'response', read: () => unknown, mlflow: string, genAi: string): void {
    if (!this.#recordsContent()) return;
    this.#safely(() => {
      const content = this.#prepare(kind, toJson(read(), this.#limits()));
      if (content === undefined) return;
      const text = JSON.stringify(content);
      const attributes: Attributes = {};
      if (this.#config.mlflowContent) attributes[mlflow] = text;
      if (this.#config.genAiContent && this.#isTool) attributes[genAi] = text;
      this.#span.setAttributes(attributes);
    });
  }

  #failure(error: unknown): void {
    const type = errorType(error);
    const original = errorMessage(error);
    const shown = this.#config.contentOnSpans ? this.#prepare('error', original) : undefined;
    const text = typeof shown === 'string' ? shown : undefined;
    // The stack trace repeats the message: it may be shown only where the message is shown as it is.
    const stack = text === original ? errorStack(error) : undefined;
    this.#span.setAttribute(ATTR_ERROR_TYPE, type);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: text ? `${type}: ${text}` : type });
    this.#span.addEvent('exception', {
      [ATTR_EXCEPTION_TYPE]: type,
      ...(text === undefined ? {} : { [ATTR_EXCEPTION_MESSAGE]: text }),
      ...(stack ? { [ATTR_EXCEPTION_STACKTRACE]: stack } : {}),
    });
  }

  #recordsContent(): boolean {
    return this.#config.contentOnSpans && this.#span.isRecording();
  }

  #limits(): { maxMediaBytes: number } {
    return { maxMediaBytes: this.#config.maxMediaBytes };
  }

  #prepare(kind: 'request' | 'response' | 'error', value: JsonValue | undefined): JsonValue | undefined {
    return prepareContent(kind, value, { operation: this.#name, modelId: undefined }, this.#config, (error) =>
      diag.warn('mlflow-bedrock: contentHook threw; the content it was given is not recorded', error),
    );
  }

  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      diag.warn(`mlflow-bedrock: a part of the span "${this.#name}" could not be recorded`, error);
    }
  }
}

function errorType(error: unknown): string {
  try {
    const name = (error as Partial<Error> | null | undefined)?.name;
    if (typeof name === 'string' && name !== '') return name;
  } catch {
    // A getter that throws: the error has no name that could be recorded.
  }
  return '_OTHER';
}
