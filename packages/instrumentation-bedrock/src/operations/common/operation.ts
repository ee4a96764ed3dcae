/** How the SDK's objects for one API operation become plain JSON in some dialect. */

import type { Attributes } from '@opentelemetry/api';
import type { ServerEndpoint, StatedError } from '../../data/facts.js';
import type { JsonObject, JsonValue, ToJsonOptions } from '../../data/json.js';
import type { ModelIdentity } from '../../data/model-id.js';
import type { RequestedService, ServedService } from '../../data/service.js';
import type { UsageReport } from '../../data/usage.js';
import type { ChatView, Dialect } from '../../dialects/dialect.js';

/** What {@link Exchanged.content} keeps of media and embeddings. */
export interface ContentLimits extends ToJsonOptions {
  /** The longest vector to keep, in numbers. Default: no limit. */
  readonly maxEmbeddingLength?: number;
}

/** A span type of MLflow. The type of an embedding or a reranking by a model follows from its dialect instead. */
export type SpanType =
  | 'AGENT'
  | 'CHAIN'
  | 'CHAT_MODEL'
  | 'GUARDRAIL'
  | 'LLM'
  | 'MEMORY'
  | 'RERANKER'
  | 'RETRIEVER'
  | 'TASK'
  | 'TOOL'
  | 'WORKFLOW';

export interface Operation {
  /** The command's name without `Command`. */
  readonly name: string;
  readonly spanType: SpanType;
  /**
   * Returns the list of MLflow that has the prices of a host, for `mlflow.llm.provider`. Default: MLflow finds a model's
   * price by its id.
   */
  priceList?(server: ServerEndpoint): string | undefined;
  /** Absent if the operation does not stream its answer. */
  readonly stream?: OperationStream;
  /** True if no content is recorded whatever the settings are, texts of errors included. */
  readonly isConfidential?: boolean;
  /**
   * @param input the command's input, an object of the application.
   * @param limits what to keep in {@link Exchanged.content}.
   */
  readRequest(input: unknown, limits: ToJsonOptions): OperationRequest;
  readAnswer(request: OperationRequest, output: unknown, limits: ContentLimits): OperationAnswer;
  /**
   * Returns the input that the SDK sends; absent if that is always the application's own. The application's object must
   * stay unchanged; see `withMembers`. Called once for each time that the SDK sends the command, with the input as the
   * application's middleware has left it.
   */
  inputToSend?(input: unknown, seam: InputSeam): unknown;
  /**
   * The headers of the W3C trace context that the service passes on, as the SDK sends members of the input such as
   * `traceParent`; absent if it passes none on.
   */
  readonly traceHeaders?: readonly ('traceparent' | 'tracestate' | 'baggage')[];
}

/** What {@link Operation.inputToSend} can use of the call. */
export interface InputSeam {
  readonly request: OperationRequest;
  readonly options: StreamOptions;
  /**
   * Returns an iterable that yields what `events` yields, when the SDK asks for it. Returns
   * `events` itself if it is no iterable.
   *
   * @param onEvent gets each event when the SDK reads it.
   */
  observe(events: unknown, onEvent: (event: unknown) => void): unknown;
}

export interface OperationStream {
  /** The output's member that is the event stream or the stream of bytes. */
  readonly member: 'body' | 'completion' | 'optimizedPrompt' | 'response' | 'responseStream' | 'stream';
  /** Whether this input asks for a stream. Default: every answer is a stream. */
  isRequested?(input: JsonObject): boolean;
  /** Creates a reader for one stream. The reader keeps no reference to `output`. */
  createReader(request: OperationRequest, output: unknown, options: StreamOptions): StreamReader;
}

export interface StreamOptions extends ToJsonOptions {
  /** False if no content is recorded. Then the answer needs none. */
  readonly withContent: boolean;
  /** In characters. An answer is not collected beyond it. */
  readonly maxRecordLength: number;
}

/** One direction of a call: a request or an answer. */
interface Exchanged {
  readonly dialect: Dialect;
  /** Attributes that belong to this operation and that no dialect reads. */
  readonly facts?: Attributes | undefined;
  /**
   * The part that is in the dialect; undefined if it is no JSON object. It can be the application's own object, so only
   * figures are read from it.
   */
  body(): JsonObject | undefined;
  /** Copies the whole object as plain JSON, for `contentHook` and for the span; undefined if no content is recorded. */
  content(): JsonValue | undefined;
  readonly form: ContentForm;
}

/** What a request is, as far as the call needs it. */
export interface OperationRequest extends Exchanged {
  /** The model id exactly as the application set it. */
  readonly modelId: string | undefined;
  readonly model: ModelIdentity;
  /** Attributes that the span and its metrics have from the start, such as the name of the agent; part of the span's name. */
  readonly identity?: Attributes | undefined;
  /** True if the input streams events. Then body, content and facts grow until the call ends, and are read then. */
  readonly isStreamed?: boolean;
  /** False if the shape of the answer can still show that the dialect is another. */
  readonly isCertain: boolean;
  /** What the request asked of the service when the span started. Called only if the span is recorded. */
  service(): RequestedService;
  /** The same, read from a copy of the request as `contentHook` has returned it. */
  serviceIn(content: JsonObject): RequestedService;
}

/** An answer, or the answer that the events of a stream add up to. */
export interface OperationAnswer extends Exchanged {
  /** Token usage from outside the body: the invocation metrics of a stream. */
  readonly usage?: UsageReport | undefined;
  /** The error that the answer states; then the call has failed. */
  readonly error?: StatedError | undefined;
  /** How the service treated the call. Called only if the span is recorded. */
  service(): ServedService;
  /** The same, read from a copy of the answer as `contentHook` has returned it. */
  serviceIn(content: JsonObject): ServedService;
  /** The work inside the service that the answer describes, in the order in which it began. Absent if there is none. */
  readonly steps?: readonly Step[] | undefined;
  /** What happened while the call lasted. Absent if the operation records no moments. */
  readonly moments?: readonly Moment[] | undefined;
}

/** Something that happened while a call lasted, such as a turn of a conversation. It becomes an event of the span. */
export interface Moment {
  /** A name of this package, never a text of the service. */
  readonly name: string;
  readonly time: Date;
  readonly facts: Attributes;
  /** The words or the result; undefined if no content is recorded. */
  content(): JsonValue | undefined;
}

/**
 * Work inside the service, such as a model call of an agent, as far as an answer describes it. It becomes a span beneath
 * that of the call, with the times that the service states.
 */
export interface Step {
  readonly spanType: SpanType;
  /** True for a request from the service to another; false for work of the service itself. */
  readonly isRequest: boolean;
  readonly request: OperationRequest;
  /** Undefined if the answer of the call does not have its end. */
  readonly answer: OperationAnswer | undefined;
  /** Why it failed; undefined if it has not. */
  readonly failure?: StatedError | undefined;
  /** True if the step was running when its events stopped. If the call has failed, this step has failed with it. */
  readonly isOpen?: boolean | undefined;
  /** Undefined if the service states no time. Then the span has the time of its recording. */
  readonly start: Date | undefined;
  readonly end: Date | undefined;
  /** What was done within this step. */
  readonly steps: readonly Step[];
}

/** Where the copied content of an operation holds the dialect's body, and what MLflow shows of the content. */
export interface ContentForm {
  /** The part that is in the dialect; undefined if the content has none. */
  bodyOf(content: JsonValue): JsonObject | undefined;
  /** Returns the content as MLflow shows it, with the body as its chat view needs it. */
  show(content: JsonValue, view: ChatView['request'] | undefined): JsonValue;
}

/** Reads the events of one stream, in order. */
export interface StreamReader {
  /** Adds an event to the answer. Returns its chunk; undefined if the event has none. */
  read(event: unknown): JsonValue | undefined;
  /** Returns the span event for the chunk that was read last; undefined if it has none. */
  show(chunk: JsonValue): ShownChunk | undefined;
  /**
   * The answer as far as it has arrived.
   *
   * @param hasEnded whether the stream has ended by itself. Some streams have no other sign that the answer is complete.
   */
  answer(hasEnded: boolean): OperationAnswer;
  /** False if the closing event has not arrived; undefined if the stream has none. */
  isComplete(): boolean | undefined;
}

/** A chunk as a span event shows it. */
export interface ShownChunk {
  /** The member of the SDK's event, or the `type` of a model's own chunk. */
  readonly name: string;
  readonly value: JsonValue;
}
