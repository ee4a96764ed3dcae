/** Writes the span of one call, and its event. Gets plain data; decides only where each value is written. */

import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from '@opentelemetry/semantic-conventions';
import type { Failure, OperationName } from '../data/facts.js';
import { asObject, type JsonValue, toJson } from '../data/json.js';
import type { InputContent, OutputMessage, ToolDefinition } from '../data/messages.js';
import { stringify } from '../data/numbers.js';
import * as semconv from '../data/semconv.js';
import type { ResolvedConfig } from '../data/settings.js';
import {
  add,
  type ContentAttributes,
  inputContent,
  mlflowTools,
  outputContent,
  promptVariables,
  toolContent,
} from './attributes.js';
import type { InferenceEvent } from './events.js';

/** The content of a request that its dialect reads. */
export interface RequestContent {
  readonly input: InputContent;
  readonly tools: readonly ToolDefinition[];
  readonly stopSequences: readonly string[] | undefined;
}

export class SpanWriter {
  readonly #span: Span;
  readonly #config: ResolvedConfig;
  readonly #event: InferenceEvent | undefined;
  /** Written when the span ends: if a span can hold only so many attributes, figures are more important. */
  readonly #content: Attributes = {};

  /** @param parts `event` is undefined if no event is emitted. */
  constructor(parts: { span: Span; config: ResolvedConfig; event: InferenceEvent | undefined }) {
    this.#span = parts.span;
    this.#config = parts.config;
    this.#event = parts.event;
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  /** Writes attributes that are no content, to span and event. */
  writeFacts(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
    this.#event?.add(attributes);
  }

  addRequest({ input, tools, stopSequences }: RequestContent): void {
    if (stopSequences && this.#config.contentOnSpans) {
      this.#content[semconv.ATTR_GEN_AI_REQUEST_STOP_SEQUENCES] = [...stopSequences];
    }
    this.#addMessages(inputContent(input));
    this.#addTexts(promptVariables(input));
    this.#addMessages(toolContent(tools));
    if (this.#config.mlflowContent) this.#addContent(mlflowTools(tools));
  }

  addAnswer(messages: readonly OutputMessage[]): void {
    this.#addMessages(outputContent(messages));
  }

  /** @param read returns the input as MLflow shows it; called only if it is recorded. */
  addMlflowInput(read: () => JsonValue): void {
    if (this.#config.mlflowContent) this.#addContent({ [semconv.ATTR_MLFLOW_SPAN_INPUTS]: read() });
  }

  /** @param read returns the output as MLflow shows it; called only if it is recorded. */
  addMlflowOutput(read: () => JsonValue): void {
    if (this.#config.mlflowContent) this.#addContent({ [semconv.ATTR_MLFLOW_SPAN_OUTPUTS]: read() });
  }

  writeChunk(name: string, value: JsonValue): void {
    this.#span.addEvent(name, { json: stringify(value) });
  }

  writeFailure({ type, description, message, stack }: Failure): void {
    this.writeFacts({ [ATTR_ERROR_TYPE]: type });
    if (description !== undefined) {
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: description });
      return;
    }
    const exception: Attributes = { [ATTR_EXCEPTION_TYPE]: type };
    add(exception, ATTR_EXCEPTION_MESSAGE, message);
    add(exception, ATTR_EXCEPTION_STACKTRACE, stack);
    this.#event?.emitException(exception);
    const { contentOnSpans } = this.#config;
    const status = message && contentOnSpans ? `${type}: ${message}` : type;
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: status });
    this.#span.addEvent('exception', contentOnSpans ? exception : { [ATTR_EXCEPTION_TYPE]: type });
  }

  /** @param operation see {@link InferenceEvent.emit}. */
  emitEvent(operation: OperationName): void {
    this.#event?.emit(operation);
  }

  /** Writes the content. Content that a hook of the application wrote to the span stays in its place. */
  writeContent(): void {
    const { attributes: written = {} } = this.#span as { readonly attributes?: Attributes };
    for (const name of Object.keys(this.#content)) {
      if (name in written) delete this.#content[name];
    }
    this.#span.setAttributes(this.#content);
  }

  #addMessages(content: ContentAttributes): void {
    if (this.#config.genAiContent) this.#addContent(content);
    // Exact numbers are objects, which only `stringify` can write.
    this.#event?.add(asObject(toJson(content, { longNumbersAsText: true })) ?? {});
  }

  #addTexts(texts: Attributes): void {
    if (this.#config.genAiContent) Object.assign(this.#content, texts);
    this.#event?.add(texts);
  }

  #addContent(content: ContentAttributes): void {
    for (const name of Object.keys(content)) this.#content[name] = stringify(content[name]);
  }
}
