/** How the SDK's objects for one API operation become plain JSON in some dialect. */

import type { Attributes } from '@opentelemetry/api';
import type { Dialect } from '../dialects/dialect.js';
import type { DialectChoice } from '../dialects/index.js';
import type { JsonValue, ToJsonOptions } from '../json.js';
import type { UsageReport } from '../usage.js';

/** A request as it is read when the call starts. */
export interface ApiRequest extends DialectChoice {
  readonly modelId: string | undefined;
  /** Guardrail named in the request. */
  readonly guardrailId: string | undefined;
  /** Facts of this operation that no dialect has. */
  readonly attributes?: Attributes | undefined;
  /** All content of the request: an object in the dialect, or whatever else was sent; undefined when nothing was. */
  body(): JsonValue | undefined;
  /**
   * What a person should see as the input: the whole request, with its content as given here.
   *
   * @param isConversation the content is an object that MLflow shows as a conversation, so its members stand on top.
   */
  record(body: JsonValue | undefined, isConversation: boolean, options: ToJsonOptions): JsonValue;
}

/** An answer, or what a stream added up to. */
export interface ApiResponse {
  readonly dialect: Dialect;
  /** Facts of this operation that no dialect has. */
  readonly attributes?: Attributes | undefined;
  /** All content of the answer: an object in the dialect, or whatever else came; undefined when nothing did. */
  readonly body: JsonValue | undefined;
  /** Usage from outside the body: invocation metrics. */
  readonly usage: UsageReport | undefined;
  /** What a person should see as the output, as {@link ApiRequest.record} does for the input. */
  record(body: JsonValue | undefined, isConversation: boolean): JsonValue;
}

/** One event of a stream. */
export interface ApiChunk {
  /** Name of the span event: the event's member, or the `type` of a model's own chunk. */
  readonly name: string;
  /** What the span event shows. */
  readonly shown: JsonValue;
}

/** Reads the events of one stream, in order. */
export interface ApiStream {
  /** Undefined for an event that holds no chunk. */
  read(event: unknown): ApiChunk | undefined;
  response(): ApiResponse;
  /** False when the stream ended without its closing event: then it was cut off. */
  isComplete(): boolean;
}

export interface Api {
  /** MLflow's span type; embeddings are recognised by their dialect. */
  readonly spanType: 'CHAT_MODEL' | 'LLM' | 'GUARDRAIL';
  /** Member of the output that is the event stream. */
  readonly streamMember?: 'stream' | 'body';
  /** @param limits what of large media is kept. */
  readRequest(input: unknown, limits: ToJsonOptions): ApiRequest;
  readResponse(request: ApiRequest, output: unknown, limits: ToJsonOptions): ApiResponse;
  createStream(request: ApiRequest, output: unknown, limits: ToJsonOptions): ApiStream;
}
