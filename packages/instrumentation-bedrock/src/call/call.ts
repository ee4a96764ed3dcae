/** The life of one traced call: from the request to the end of its answer or stream. */

import { type Attributes, type Context, type Span, trace } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from '@opentelemetry/semantic-conventions';
import { errorType } from '../data/error-type.js';
import type { ResponseFacts } from '../data/facts.js';
import { asObject } from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import * as semconv from '../data/semconv.js';
import type { BedrockCallInfo, ResolvedConfig } from '../data/settings.js';
import { combineUsage, type TokenUsage } from '../data/usage.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Api, ApiRequest, ApiResponse, ApiStream } from '../operations/operation.js';
import { observeStream } from '../sdk/stream.js';
import { addResponse, addUsage } from '../span/attributes.js';
import { type EventLogger, InferenceEvent } from '../span/events.js';
import type { Instruments } from '../span/metrics.js';
import { type Failure, SpanRecorder } from '../span/writer.js';
import { Exchange, type ServerEndpoint } from './exchange.js';

/** What a call needs of the instrumentation it belongs to. */
export interface CallEnvironment {
  readonly config: ResolvedConfig;
  readonly instruments: Instruments;
  readonly logger: EventLogger;
  /** Calls whose stream is still being read. */
  readonly openCalls: Set<TracedCall>;
  /** Says once per cause that something inside the instrumentation failed. */
  report(what: string, error: unknown): void;
}

/** The SDK reports no error for a stream that is cut off cleanly; only the missing closing event tells. */
const INCOMPLETE_STREAM: Failure = {
  type: 'incomplete_stream',
  message: 'The stream ended without its closing event: the answer is incomplete.',
};

/** Attributes that a sampler may decide by, set when the span starts. */
export function startAttributes(request: ApiRequest, api: Api, server: ServerEndpoint | undefined): Attributes {
  const attributes = identityAttributes(request, request.dialect, server);
  if (api.streamMember) attributes[semconv.ATTR_GEN_AI_REQUEST_STREAM] = true;
  return attributes;
}

function identityAttributes({ modelId }: ApiRequest, dialect: Dialect, server: ServerEndpoint | undefined): Attributes {
  const attributes: Attributes = {
    [semconv.ATTR_GEN_AI_OPERATION_NAME]: dialect.operation,
    [semconv.ATTR_GEN_AI_PROVIDER_NAME]: semconv.PROVIDER_AWS_BEDROCK,
  };
  if (modelId !== undefined) attributes[semconv.ATTR_GEN_AI_REQUEST_MODEL] = modelId;
  addServer(attributes, server);
  return attributes;
}

function addServer(attributes: Attributes, server: ServerEndpoint | undefined): void {
  if (server) attributes[ATTR_SERVER_ADDRESS] = server.address;
  if (server?.port !== undefined) attributes[ATTR_SERVER_PORT] = server.port;
}

export class TracedCall {
  readonly #environment: CallEnvironment;
  readonly #api: Api;
  readonly #request: ApiRequest;
  readonly #span: Span;
  /** Absent for a span that is not recorded: then only usage is read, for the metrics. */
  readonly #recorder: SpanRecorder | undefined;
  readonly #startTime = performance.now();
  /** What the span was started with. */
  readonly #server: ServerEndpoint | undefined;
  readonly #exchange: Exchange;
  #firstChunkTime: number | undefined;
  #lastChunkTime = 0;
  /** The same for every chunk of a stream. */
  #intervalAttributes: Attributes | undefined;
  #stream: ApiStream | undefined;
  #ended = false;

  /**
   * @param server what the span was started with.
   * @param parent the context in which the call was made.
   */
  constructor(
    environment: CallEnvironment,
    info: BedrockCallInfo,
    api: Api,
    request: ApiRequest,
    span: Span,
    server: ServerEndpoint | undefined,
    parent: Context,
  ) {
    this.#environment = environment;
    this.#api = api;
    this.#request = request;
    this.#span = span;
    this.#server = server;
    this.#exchange = new Exchange(server);
    if (span.isRecording()) {
      const { config, logger, report } = environment;
      const event = config.emitEvents ? new InferenceEvent(logger, trace.setSpan(parent, span)) : undefined;
      this.#recorder = new SpanRecorder(span, api, request, info, config, report, event);
      event?.add(startAttributes(request, api, server));
      this.#guard('reading the request', () => this.#recorder?.recordRequest());
    }
  }

  /** The request handler gets a request, once for each attempt. Returns where it goes. */
  sending(request: unknown): ServerEndpoint | undefined {
    let endpoint: ServerEndpoint | undefined;
    this.#guard('reading the HTTP request', () => {
      endpoint = this.#exchange.sending(request);
    });
    return endpoint;
  }

  /** The request handler has answered. */
  received(result: unknown): void {
    this.#guard('reading the HTTP response', () => this.#exchange.received(result));
  }

  /** The SDK has answered. The span of a stream stays open until the stream is done. */
  succeed(output: unknown): void {
    if (this.#ended || this.#stream) return; // A wrapper may call back twice.
    const { config, openCalls } = this.#environment;
    this.#guard('reading the metadata of an answer', () => this.#exchange.readMetadata(output));
    let isOpen = false;
    this.#guard('reading the response', () => {
      const { streamMember } = this.#api;
      const stream = streamMember && asObject(output)?.[streamMember];
      isOpen = Boolean(stream) && this.#observe(stream, output);
      if (!isOpen) this.#finish(this.#api.readResponse(this.#request, output, config));
    });
    if (isOpen) openCalls.add(this);
    else this.#end(); // Also when reading failed: the span must not stay open.
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#guard('reading the metadata of an error', () => this.#exchange.readMetadata(error));
    this.#guard('recording an error', () => this.#finish(this.#stream?.response(), { type: errorType(error), error }));
    this.#end();
  }

  /** Ends the span of a stream that the application reads no further, with what has arrived. That is no error. */
  abandon(): void {
    if (this.#ended) return;
    const isComplete = this.#stream?.isComplete() === true;
    this.#guard('ending a stream', () => this.#finish(this.#stream?.response(), undefined, isComplete));
    this.#end();
  }

  #observe(stream: unknown, output: unknown): boolean {
    const { maxMediaBytes, captureContent } = this.#environment.config;
    const reader = this.#api.createStream(this.#request, output, { maxMediaBytes, withContent: captureContent });
    this.#stream = reader;
    return observeStream(stream, {
      onChunk: (chunk) => {
        if (this.#ended) return;
        // As `#guard`, without a function for each chunk.
        try {
          this.#addChunk(reader, chunk);
        } catch (error) {
          this.#reportUnread('reading a stream event', error);
        }
      },
      onEnd: () => {
        if (this.#ended) return;
        const failure = reader.isComplete() === false ? INCOMPLETE_STREAM : undefined;
        this.#guard('ending a stream', () => this.#finish(reader.response(), failure));
        this.#end();
      },
      onError: (error) => this.fail(error),
      onAbandon: () => this.abandon(),
    });
  }

  #addChunk(reader: ApiStream, event: unknown): void {
    const { instruments } = this.#environment;
    const now = this.#firstChunkTime === undefined || instruments.isRecording ? performance.now() : undefined;
    const chunk = reader.read(event);
    if (chunk === undefined) return;
    if (this.#firstChunkTime === undefined) {
      this.#firstChunkTime = now;
    } else if (now !== undefined) {
      this.#intervalAttributes ??= this.#identity(undefined);
      instruments.recordChunkInterval((now - this.#lastChunkTime) / 1000, this.#intervalAttributes);
    }
    this.#lastChunkTime = now ?? 0;
    if (this.#environment.config.recordStreamEvents) this.#recorder?.recordChunk(reader.show(chunk));
  }

  /** @param isRead false for a stream that was left early: the service has not said yet how much it wrote. */
  #finish(response: ApiResponse | undefined, failure?: Failure, isRead = true): void {
    const recorder = this.#recorder;
    if (recorder && failure) recorder.recordFailure(failure);
    const body = response?.body();
    const facts = response && body && response.dialect.readResponse(body);
    const { vendor } = identifyModel(this.#request.modelId);
    const reported = combineUsage([facts?.usage, this.#exchange.usage, response?.usage], vendor);
    const usage = isRead || !reported ? reported : { ...reported, outputTokens: undefined };
    const timeToFirstChunk =
      this.#firstChunkTime === undefined ? undefined : (this.#firstChunkTime - this.#startTime) / 1000;
    this.#measure(usage, response, facts, timeToFirstChunk, failure);
    if (!recorder) return;
    const attributes = this.#attributes(response, facts, usage, timeToFirstChunk);
    // Before content: if that cannot be read, the figures are there all the same.
    recorder.setFacts(attributes);
    if (response) recorder.recordResponse(response, facts, attributes);
    recorder.end(response?.dialect ?? this.#request.dialect);
  }

  /** What the span does not have from its start; the rest stays, also as a hook has changed it. */
  #attributes(
    response: ApiResponse | undefined,
    facts: ResponseFacts | undefined,
    usage: TokenUsage | undefined,
    timeToFirstChunk: number | undefined,
  ): Attributes {
    const { server } = this.#exchange;
    const { dialect } = response ?? this.#request;
    const attributes: Attributes = {};
    if (server !== this.#server) addServer(attributes, server);
    if (dialect !== this.#request.dialect) attributes[semconv.ATTR_GEN_AI_OPERATION_NAME] = dialect.operation;
    this.#exchange.addAttributes(attributes);
    if (timeToFirstChunk !== undefined) {
      attributes[semconv.ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = timeToFirstChunk;
    }
    if (usage) addUsage(attributes, usage, dialect.operation);
    if (facts) addResponse(attributes, facts);
    return Object.assign(attributes, response?.attributes);
  }

  #measure(
    usage: TokenUsage | undefined,
    response: ApiResponse | undefined,
    facts: ResponseFacts | undefined,
    timeToFirstChunkSeconds: number | undefined,
    failure: Failure | undefined,
  ): void {
    const { instruments } = this.#environment;
    if (!instruments.isRecording) return;
    const durationSeconds = (performance.now() - this.#startTime) / 1000;
    const attributes = this.#identity(response);
    if (facts?.model !== undefined) attributes[semconv.ATTR_GEN_AI_RESPONSE_MODEL] = facts.model;
    if (failure) attributes[ATTR_ERROR_TYPE] = failure.type;
    instruments.recordCall({ durationSeconds, usage, timeToFirstChunkSeconds }, attributes);
  }

  #identity(response: ApiResponse | undefined): Attributes {
    return identityAttributes(this.#request, response?.dialect ?? this.#request.dialect, this.#exchange.server);
  }

  #guard(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#reportUnread(what, error);
    }
  }

  #reportUnread(what: string, error: unknown): void {
    this.#environment.report(`${what} failed; the span may lack what could not be read`, error);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    // Span processors are the application's, and what they throw is not to reach its call.
    this.#guard('ending the span', () => {
      this.#recorder?.writeContent();
      this.#span.end();
    });
    if (this.#stream) this.#environment.openCalls.delete(this);
  }
}
