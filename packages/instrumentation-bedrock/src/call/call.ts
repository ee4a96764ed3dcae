/** The life of one traced call: started, answered, ended. The call of a stream ends with the stream. */

import { type Attributes, type Context, type Span, SpanKind, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { Failure, ServerEndpoint } from '../data/facts.js';
import { asObject, type JsonValue } from '../data/json.js';
import type { ResolvedConfig } from '../data/settings.js';
import type {
  InputSeam,
  Operation,
  OperationAnswer,
  OperationRequest,
  StreamOptions,
  StreamReader,
} from '../operations/common/operation.js';
import { operationOf } from '../operations/index.js';
import { identityAttributes } from '../span/attributes.js';
import { InferenceEvent } from '../span/events.js';
import { type RecordableFacts, recordableFacts, spanName } from '../span/facts.js';
import { SpanWriter } from '../span/writer.js';
import { ChunkTimes } from './chunk-times.js';
import { answerFacts, answerFigures, requestFacts, streamFacts } from './describe.js';
import { type CallEnvironment, type CallStart, type ObserveInput, withoutContent } from './environment.js';
import { Exchange } from './exchange.js';
import { type ErrorRules, endFailure, leftFailure, statedFailure, thrownFailure } from './failure.js';
import { CallHooks } from './hooks.js';
import { InputStream } from './input-stream.js';
import { measureCall } from './measure.js';
import { CallRecord } from './record.js';
import { recordSteps } from './steps.js';
import { withTraceContext } from './trace-context.js';

/** Owns one call and its span. Only the constructor throws. */
export class TracedCall {
  /** The context for the SDK's work: the span of the call is active in it. */
  readonly context: Context;
  /** False if neither a span nor a metric records the call. Then nothing is reported to it. */
  readonly isObserved: boolean;
  readonly operation: Operation;
  readonly #environment: CallEnvironment;
  readonly #hooks: CallHooks;
  readonly #request: OperationRequest;
  /** The host in the attributes that the span was started with. */
  readonly #startServer: ServerEndpoint | undefined;
  readonly #errorRules: ErrorRules;
  readonly #observeInput: ObserveInput;
  #input: InputStream | undefined;
  readonly #exchange: Exchange;
  readonly #span: Span;
  /** Contains the span, for the spans beneath. */
  readonly #withSpan: Context;
  readonly #times: ChunkTimes;
  /** Absent if the span is not recorded. Then usage is read for the metrics only. */
  readonly #record: CallRecord | undefined;
  /** Kept only if the answer can show that the request is in another dialect. */
  #requestContent: JsonValue | undefined;
  #reader: StreamReader | undefined;
  #state: 'started' | 'answered' | 'ended' = 'started';

  /** Starts the span. Throws if the request cannot be read; then there is no span. */
  constructor(common: CallEnvironment, start: CallStart) {
    this.operation = operationOf(start.serviceId, start.operation);
    const environment = this.operation.isConfidential ? withoutContent(common) : common;
    const { config, tracer, instruments, logger } = environment;
    this.#environment = environment;
    this.#request = this.operation.readRequest(start.input, config);
    const { dialect, modelId } = this.#request;
    this.#hooks = new CallHooks({ operation: start.operation, modelId }, environment);
    this.#startServer = start.server;
    this.#errorRules = { signal: start.signal, names: start.errorNames, words: environment.config.foreignWords };
    this.#observeInput = start.observeInput;
    this.#exchange = new Exchange(start.server);
    const attributes = this.#identity(dialect.operation, streamFacts(this.operation, start.input));
    this.#span = tracer.startSpan(spanName(attributes), { kind: SpanKind.CLIENT, attributes }, start.parent);
    this.#times = new ChunkTimes();
    this.#withSpan = trace.setSpan(start.parent, this.#span);
    this.context = config.suppressInternalInstrumentation ? suppressTracing(this.#withSpan) : this.#withSpan;
    const isRecorded = this.#span.isRecording();
    this.isObserved = isRecorded || instruments.isRecording;
    if (isRecorded) {
      const event = config.emitEvents ? new InferenceEvent(logger, this.#withSpan) : undefined;
      event?.add(attributes);
      const writer = new SpanWriter({ span: this.#span, config, event });
      const record = new CallRecord({ writer, hooks: this.#hooks, words: this.#words });
      this.#record = record;
      this.#guard('reading the request', () => this.#recordRequest(record));
    }
    if (this.isObserved) this.#hooks.run('requestHook', config.requestHook, this.#span, { input: start.input });
  }

  /** Returns the input that the SDK sends. Called once for each time that the SDK sends the command. */
  inputToSend(input: unknown): unknown {
    const observe: InputSeam['observe'] = (events, onEvent) => this.#observe(events, onEvent);
    const seam = { request: this.#request, options: this.#streamOptions, observe };
    return this.#guard('preparing the input', () => this.operation.inputToSend?.(input, seam)) ?? input;
  }

  #observe(events: unknown, onEvent: (event: unknown) => void): unknown {
    const input = new InputStream({
      read: (event) => {
        if (this.#state !== 'ended') this.#guard('reading an event of the input', () => onEvent(event));
      },
      describe: (error) => thrownFailure(error, this.#errorRules, this.#showText),
      onFailed: () => {
        // The application's middleware can have sent the command again, with another input.
        if (this.#input === input) this.#endStream('ending a stream', () => undefined);
      },
    });
    const observed = this.#observeInput(events, input);
    this.#input = observed === events ? undefined : input;
    return observed;
  }

  /** Returns the HTTP request with the trace context. */
  requestToSend(request: unknown): unknown {
    const add = (): unknown => withTraceContext(request, this.#withSpan, this.operation.traceHeaders ?? []);
    return this.#guard('adding the trace context', add) ?? request;
  }

  /** Reads an HTTP request before it is sent, once for each attempt. Returns its host. */
  sending(request: unknown): ServerEndpoint | undefined {
    this.#guard('reading the HTTP request', () => this.#exchange.sending(request));
    return this.#exchange.server;
  }

  /** @param result what the SDK's request handler returned. */
  received(result: unknown): void {
    this.#guard('reading the HTTP response', () => this.#exchange.received(result));
  }

  /**
   * The SDK has answered. Ends the call, unless the answer is a stream.
   *
   * @param observe has the events of a stream reported to this call. Returns false if the stream cannot be observed.
   */
  answered(output: unknown, observe: (stream: unknown) => boolean): void {
    if (this.#state !== 'started') return; // A wrapper can call back twice.
    this.#state = 'answered';
    const { config } = this.#environment;
    this.#hooks.run('responseHook', config.responseHook, this.#span, { output });
    this.#guard('reading the metadata of an answer', () => this.#exchange.readMetadata(output));
    let isOpen = false;
    this.#guard('reading the response', () => {
      isOpen = this.#openStream(output, observe);
      if (!isOpen) this.#finish(this.operation.readAnswer(this.#request, output, config));
    });
    if (!isOpen) this.#end(); // Also if reading failed.
  }

  /** The SDK has thrown an error. Ends the call. */
  failed(error: unknown): void {
    if (this.#state !== 'started') return;
    this.#hooks.run('responseHook', this.#environment.config.responseHook, this.#span, { error });
    this.onError(error);
  }

  /** The application has received an event of the stream. */
  onChunk(event: unknown): void {
    if (this.#state !== 'ended') this.#guard('reading a stream event', () => this.#addChunk(event));
  }

  /** The stream has ended by itself; before the end of the answer if it `isCut`. */
  onEnd(isCut = false): void {
    // Without a closing event, only the connection shows whether the answer is complete.
    const isComplete = (): boolean | undefined =>
      isCut ? false : (this.#reader?.isComplete() ?? (this.#exchange.isCut() ? false : undefined));
    const failure = (): Failure | undefined => endFailure(isComplete(), this.#errorRules);
    this.#endStream('ending a stream', failure, !isCut);
  }

  /** The stream has thrown an error. */
  onError(error: unknown): void {
    this.#guard('reading the metadata of an error', () => this.#exchange.readMetadata(error));
    this.#endStream('recording an error', () => thrownFailure(error, this.#errorRules, this.#showText));
  }

  /** The application reads the stream no further. Ends the call with what has arrived; that alone is no error. */
  onAbandon(): void {
    this.#endStream('ending a stream', () => leftFailure(this.#reader?.isComplete(), this.#errorRules));
  }

  #recordRequest(record: CallRecord): void {
    const { dialect, isCertain, isStreamed } = this.#request;
    record.writeFacts(requestFacts(this.operation, this.#request, dialect, this.#exchange.server));
    if (isStreamed) return;
    const content = record.prepare('request', () => this.#request.content());
    record.addRequest(this.#request, dialect, content);
    if (!isCertain) this.#requestContent = content;
  }

  #openStream(output: unknown, observe: (stream: unknown) => boolean): boolean {
    const { stream } = this.operation;
    const events = stream && asObject(output)?.[stream.member];
    if (!stream || !events) return false;
    this.#reader = stream.createReader(this.#request, output, this.#streamOptions);
    return observe(events);
  }

  get #streamOptions(): StreamOptions {
    const { maxMediaBytes, maxRecordLength, captureContent } = this.#environment.config;
    return { maxMediaBytes, maxRecordLength, withContent: captureContent && this.#record !== undefined };
  }

  #addChunk(event: unknown): void {
    const { config, instruments } = this.#environment;
    const now = performance.now();
    const chunk = this.#reader?.read(event);
    if (!this.#reader || chunk === undefined) return;
    const interval = this.#times.addChunk(now);
    if (interval !== undefined && instruments.isRecording) {
      instruments.recordChunkInterval(interval, this.#identity(this.#request.dialect.operation, {}));
    }
    if (!config.recordStreamEvents || !this.#record) return;
    const shown = this.#reader.show(chunk);
    if (shown) this.#record.writeChunk(shown, config.maxMediaBytes);
  }

  #endStream(what: string, failure: () => Failure | undefined, hasEnded = false): void {
    if (this.#state === 'ended') return;
    this.#guard(what, () => {
      // What failed first is the cause of what happens after it.
      const failed = this.#input?.failure ?? failure();
      this.#finish(this.#reader?.answer(hasEnded && !failed), failed);
    });
    this.#end();
  }

  /** @param answer undefined if the SDK has thrown an error. */
  #finish(answer: OperationAnswer | undefined, observed?: Failure): void {
    // What the service states is the cause of what happens after it.
    const failure = answer?.error ? statedFailure(answer.error, this.#showText, this.#words) : observed;
    const figures = answerFigures(this.#request, answer, this.#exchange);
    const identity = (others: Attributes): RecordableFacts => this.#identity(figures.operation, others);
    measureCall(this.#environment.instruments, { figures, failure, times: this.#times }, identity);
    const record = this.#record;
    const call = { operation: this.operation.name, context: this.#withSpan, failure };
    const stepsLength = recordSteps(answer?.steps, this.#environment, call);
    if (!record) return;
    const { writer } = record;
    writer.reserve(stepsLength);
    if (failure) writer.writeFailure(failure);
    const http = { exchange: this.#exchange, startServer: this.#startServer };
    const facts = answerFacts({ request: this.#request, answer, ...http, times: this.#times }, figures);
    const dialect = answer?.dialect ?? this.#request.dialect;
    const isCorrected = dialect !== this.#request.dialect;
    const isReadAgain = isCorrected || this.#request.isStreamed;
    if (isCorrected) writer.rename(this.#identity(dialect.operation, {}));
    if (isReadAgain) record.writeFacts(requestFacts(this.operation, this.#request, dialect, this.#exchange.server));
    // Facts before content: if the content cannot be read, the span still has the figures.
    record.writeFacts(facts);
    const read = (): JsonValue | undefined => this.#request.content();
    if (this.#request.isStreamed) this.#requestContent = record.prepare('request', read);
    if (isReadAgain) record.addRequest(this.#request, dialect, this.#requestContent);
    if (answer) record.addAnswer(answer);
    writer.emitEvent(dialect.operation);
  }

  #identity(operation: string, others: Attributes): RecordableFacts {
    const { modelId, identity } = this.#request;
    const call = identityAttributes({ operation, modelId, server: this.#exchange.server });
    return recordableFacts({ ...call, ...identity, ...others }, this.#words);
  }

  get #words(): ResolvedConfig['foreignWords'] {
    return this.#environment.config.foreignWords;
  }

  readonly #showText = (text: string): JsonValue | undefined => this.#record?.prepare('error', () => text);

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#guard('writing the content', () => this.#record?.writer.writeContent());
    // Span processors are code of the application. What they throw must not reach its call.
    this.#guard('ending the span', () => this.#span.end());
  }

  /** Returns undefined if the work fails. */
  #guard<Result>(what: string, work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.#environment.report(`${what} failed; the span may lack what could not be read`, error);
      return undefined;
    }
  }
}
