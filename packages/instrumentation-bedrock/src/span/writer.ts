/** Writes what was read of a call onto its span and its event, as far as content may be recorded. */

import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from '@opentelemetry/semantic-conventions';
import { errorMessage, errorStack } from '../data/errors.js';
import type { OperationName, ResponseFacts } from '../data/facts.js';
import { type JsonObject, type JsonValue, toJson } from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import * as semconv from '../data/semconv.js';
import type { BedrockCallInfo, BedrockContent, ResolvedConfig } from '../data/settings.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Api, ApiRequest, ApiResponse, ShownChunk } from '../operations/operation.js';
import {
  addParameters,
  type ContentAttributes,
  inputContent,
  mlflowTools,
  outputContent,
  toolContent,
} from './attributes.js';
import { prepareContent } from './content.js';
import type { InferenceEvent } from './events.js';

/** As the conventions have it: operation and model. */
export function spanName({ operation }: Dialect, modelId: string | undefined): string {
  return modelId === undefined ? operation : `${operation} ${modelId}`;
}

/** Why a call did not succeed. */
export interface Failure {
  /** `error.type`. */
  readonly type: string;
  /** What was thrown; absent where the SDK reports no error. */
  readonly error?: unknown;
  /** Says what happened where nothing was thrown; holds no content. */
  readonly message?: string;
}

/** MLflow's span types of operations that are no chat and no completion, whatever API they come through. */
const SPAN_TYPES: Readonly<Partial<Record<OperationName, string>>> = { embeddings: 'EMBEDDING', rerank: 'RERANKER' };

export class SpanRecorder {
  readonly #span: Span;
  readonly #api: Api;
  readonly #request: ApiRequest;
  readonly #info: BedrockCallInfo;
  readonly #config: ResolvedConfig;
  readonly #report: (what: string, error: unknown) => void;
  readonly #event: InferenceEvent | undefined;
  /** Written last: where a span may hold only so many attributes, figures come before content. */
  readonly #contentAttributes: Attributes = {};

  constructor(
    span: Span,
    api: Api,
    request: ApiRequest,
    info: BedrockCallInfo,
    config: ResolvedConfig,
    report: (what: string, error: unknown) => void,
    event: InferenceEvent | undefined,
  ) {
    this.#span = span;
    this.#api = api;
    this.#request = request;
    this.#info = info;
    this.#config = config;
    this.#report = report;
    this.#event = event;
  }

  /**
   * @param dialect that of the request, until its answer corrects it.
   * @param answered what is known from the answer, and better than from the request.
   */
  recordRequest(dialect: Dialect = this.#request.dialect, answered?: Attributes): void {
    const { modelId, guardrailId } = this.#request;
    const { vendor } = identifyModel(modelId);
    const facts: Attributes = { [semconv.ATTR_MLFLOW_SPAN_TYPE]: SPAN_TYPES[dialect.operation] ?? this.#api.spanType };
    if (dialect.chatView) facts[semconv.ATTR_MLFLOW_MESSAGE_FORMAT] = dialect.chatView.format;
    if (modelId !== undefined) facts[semconv.ATTR_MLFLOW_LLM_MODEL] = modelId;
    if (vendor !== undefined) facts[semconv.ATTR_MLFLOW_LLM_PROVIDER] = vendor;
    if (guardrailId !== undefined) facts[semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ID] = guardrailId;
    Object.assign(facts, this.#request.attributes);
    const parameters = dialect.readParameters(this.#request.body() ?? {});
    addParameters(facts, parameters);
    this.setFacts(Object.assign(facts, answered));

    const content = this.#content('request', () => this.#request.content());
    if (content === undefined) return;
    const body = this.#request.bodyOf(content);
    if (body) this.#showRequest(body, dialect, parameters.stopSequences !== undefined);
    if (this.#config.mlflowContent) {
      const record = this.#request.record(content, dialect.chatView?.request);
      this.#contentAttributes[semconv.ATTR_MLFLOW_SPAN_INPUTS] = JSON.stringify(record);
    }
  }

  /** To be called only where `recordStreamEvents` is set: so the chunk need not be shown in vain. */
  recordChunk({ name, value }: ShownChunk): void {
    const limits = { maxMediaBytes: this.#config.maxMediaBytes };
    const shown = this.#content('chunk', () => toJson(value, limits));
    if (shown !== undefined) this.#span.addEvent(name, { json: JSON.stringify(shown) });
  }

  /** @param attributes what is on the span of the answer already. */
  recordResponse(response: ApiResponse, facts: ResponseFacts | undefined, attributes: Attributes): void {
    if (response.dialect !== this.#request.dialect) {
      // The model id told no family and the request could be of several; now it can be read for what it was.
      this.#span.updateName(spanName(response.dialect, this.#request.modelId));
      this.recordRequest(response.dialect, attributes);
    }
    this.#resolveModel(facts?.model);
    const content = this.#content('response', () => response.content());
    if (content === undefined) return;
    const body = response.bodyOf(content);
    if (body) this.#showMessages(outputContent(response.dialect.readOutput(body)));
    if (this.#config.mlflowContent) {
      const record = response.record(content, response.dialect.chatView?.response);
      this.#contentAttributes[semconv.ATTR_MLFLOW_SPAN_OUTPUTS] = JSON.stringify(record);
    }
  }

  recordFailure({ type, error, message }: Failure): void {
    this.setFacts({ [ATTR_ERROR_TYPE]: type });
    if (message !== undefined) {
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
      return;
    }
    // A service's message may quote the request, so it is content.
    const original = errorMessage(error);
    const shown = this.#content('error', () => original);
    const text = typeof shown === 'string' ? shown : undefined;
    // The stack trace repeats the message: it may be shown only where the message is shown as it is.
    const stack = text === original ? errorStack(error) : undefined;
    const exception: Attributes = {
      [ATTR_EXCEPTION_TYPE]: type,
      ...(text === undefined ? {} : { [ATTR_EXCEPTION_MESSAGE]: text }),
      ...(stack ? { [ATTR_EXCEPTION_STACKTRACE]: stack } : {}),
    };
    this.#event?.addException(exception);
    const onSpan = this.#config.contentOnSpans;
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: text && onSpan ? `${type}: ${text}` : type });
    this.#span.addEvent('exception', onSpan ? exception : { [ATTR_EXCEPTION_TYPE]: type });
  }

  /** Facts without content, on span and event. */
  setFacts(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
    this.#event?.add(attributes);
  }

  /** Everything else is on the span, also what hooks wrote in place of the content that would be written here. */
  writeContent(): void {
    const names = Object.keys(this.#contentAttributes);
    if (names.length === 0) return;
    const { attributes = {} } = this.#span as { readonly attributes?: Attributes };
    for (const key of names) {
      if (key in attributes) delete this.#contentAttributes[key];
    }
    this.#span.setAttributes(this.#contentAttributes);
  }

  /** The call is over. */
  end(dialect: Dialect): void {
    this.#event?.emit(dialect.operation);
  }

  #showRequest(request: JsonObject, dialect: Dialect, hasStopSequences: boolean): void {
    const tools = dialect.readTools(request);
    if (hasStopSequences && this.#config.contentOnSpans) {
      const { stopSequences } = dialect.readParameters(request);
      if (stopSequences) this.#contentAttributes[semconv.ATTR_GEN_AI_REQUEST_STOP_SEQUENCES] = [...stopSequences];
    }
    this.#showMessages(inputContent(dialect.readInput(request)));
    this.#showMessages(toolContent(tools));
    if (this.#config.mlflowContent) this.#keep(mlflowTools(tools));
  }

  #showMessages(content: ContentAttributes): void {
    if (this.#config.genAiContent) this.#keep(content);
    this.#event?.add(content);
  }

  #keep(content: ContentAttributes): void {
    for (const name of Object.keys(content)) this.#contentAttributes[name] = JSON.stringify(content[name]);
  }

  /** Where the request hides the model behind an ARN, the answer may name it: then MLflow can tell the price. */
  #resolveModel(model: string | undefined): void {
    if (model === undefined || identifyModel(this.#request.modelId).baseId !== undefined) return;
    this.#span.setAttribute(semconv.ATTR_MLFLOW_LLM_MODEL, model);
    // Only an ARN of AWS has the vendor in front; what stands before a dot in a provider's own name may be anything.
    const vendor = model.startsWith('arn:') ? identifyModel(model).vendor : undefined;
    if (vendor !== undefined) this.#span.setAttribute(semconv.ATTR_MLFLOW_LLM_PROVIDER, vendor);
  }

  /** @param read is called only where content is recorded. */
  #content(kind: BedrockContent['kind'], read: () => JsonValue | undefined): JsonValue | undefined {
    if (!this.#config.captureContent) return undefined;
    return prepareContent(kind, read(), this.#info, this.#config, (error) =>
      this.#report('contentHook threw; the content it was given is not recorded', error),
    );
  }
}
