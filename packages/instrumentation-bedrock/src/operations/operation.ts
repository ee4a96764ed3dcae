/** How the SDK's objects for one API operation become plain JSON in some dialect. */

import type { Attributes } from '@opentelemetry/api';
import type { JsonObject, JsonValue, ToJsonOptions } from '../data/json.js';
import type { UsageReport } from '../data/usage.js';
import type { ChatView, Dialect } from '../dialects/dialect.js';
import type { DialectChoice } from '../dialects/index.js';

/** A request as it is read when the call starts. */
export interface ApiRequest extends DialectChoice {
  readonly modelId: string | undefined;
  /** Guardrail named in the request. */
  readonly guardrailId: string | undefined;
  /** Facts of this operation that no dialect has. */
  readonly attributes?: Attributes | undefined;
  /**
   * The part of the input that is in the dialect, as it is, for its figures: it may be the application's own object, so
   * nothing else is to be read of it. Undefined when it is no JSON object.
   */
  body(): JsonObject | undefined;
  /** A copy of the whole input as plain JSON: what hooks edit and spans show. */
  content(): JsonValue | undefined;
  /** The part of such a copy that is in the dialect. */
  bodyOf(content: JsonValue | undefined): JsonObject | undefined;
  /** The content as a person should see it, with the body as MLflow's chat view reads it where there is a view. */
  record(content: JsonValue, view: ChatView['request'] | undefined): JsonValue;
}

/** An answer, or what a stream added up to. */
export interface ApiResponse {
  readonly dialect: Dialect;
  /** Facts of this operation that no dialect has. */
  readonly attributes?: Attributes | undefined;
  /** See {@link ApiRequest.body}. */
  body(): JsonObject | undefined;
  /** See {@link ApiRequest.content}. */
  content(): JsonValue | undefined;
  /** Usage from outside the body: invocation metrics. */
  readonly usage: UsageReport | undefined;
  /** See {@link ApiRequest.bodyOf}. */
  bodyOf(content: JsonValue | undefined): JsonObject | undefined;
  /** See {@link ApiRequest.record}. */
  record(content: JsonValue, view: ChatView['response'] | undefined): JsonValue;
}

/** A chunk of a stream as a span event shows it. */
export interface ShownChunk {
  /** Name of the span event: the event's member, or the `type` of a model's own chunk. */
  readonly name: string;
  readonly value: JsonValue;
}

export interface StreamOptions extends ToJsonOptions {
  /** False where no content is recorded: then the response need not have any. */
  readonly withContent: boolean;
}

/** Reads the events of one stream, in order. */
export interface ApiStream {
  /** The chunk in an event, for {@link ApiStream.show}; undefined when it holds none. */
  read(event: unknown): JsonValue | undefined;
  /** What a span event shows of the chunk that was read last; not done for each, since few want to see it. */
  show(chunk: JsonValue): ShownChunk;
  response(): ApiResponse;
  /** False when the stream ended without its closing event: then it was cut off. Undefined where nothing tells. */
  isComplete(): boolean | undefined;
}

export interface Api {
  /** MLflow's span type; embeddings are recognised by their dialect. */
  readonly spanType: 'CHAT_MODEL' | 'LLM' | 'GUARDRAIL';
  /** Member of the output that is the event stream. */
  readonly streamMember?: 'stream' | 'body';
  /** @param limits what of large media is kept. */
  readRequest(input: unknown, limits: ToJsonOptions): ApiRequest;
  readResponse(request: ApiRequest, output: unknown, limits: ToJsonOptions): ApiResponse;
  createStream(request: ApiRequest, output: unknown, options: StreamOptions): ApiStream;
}
