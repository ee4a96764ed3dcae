/** The operations the simulator knows by their REST route. */
export type Operation =
  | 'Converse'
  | 'ConverseStream'
  | 'InvokeModel'
  | 'InvokeModelWithResponseStream'
  | 'CountTokens'
  | 'ApplyGuardrail'
  | 'StartAsyncInvoke'
  | 'GetAsyncInvoke'
  | 'ListAsyncInvokes';

/**
 * One frame of an `application/vnd.amazon.eventstream` answer.
 *
 * For `chunk` events (InvokeModelWithResponseStream) the payload is the model's own JSON; the simulator wraps it in
 * `{bytes}` as the service does. A string payload is sent as it is, for chunks that are not JSON.
 */
export interface StreamEvent {
  /** Event type (`messageStart`, `chunk`, …), exception type (`throttlingException`, …) or error code. */
  readonly type: string;
  /** Default `event`. */
  readonly messageType?: 'event' | 'exception' | 'error';
  readonly payload?: unknown;
}

/** An answer, as `respond`, a scenario or a replayed exchange gives it. */
export interface SimulatedResponse {
  /** HTTP status, default 200. */
  readonly status?: number;
  /** Added to (and winning over) the headers the simulator sends by itself: content type and request id. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes are sent as they are, anything else as JSON. Ignored when there are `events`. */
  readonly body?: unknown;
  /** Frames of an event stream. Bytes are sent as they are. With an async iterable the caller sets the pace. */
  readonly events?: Iterable<StreamEvent | Uint8Array> | AsyncIterable<StreamEvent | Uint8Array>;
  /** Milliseconds to wait after each frame, default 0. */
  readonly interval?: number;
  /**
   * What follows the last byte: `complete` (default) ends the response; `reset` sends RST_STREAM (HTTP/2) or resets
   * the connection (HTTP/1.1); `hang` leaves the response open. With neither body nor events, `reset` and `hang`
   * happen before any response header.
   */
  readonly ending?: 'complete' | 'reset' | 'hang';
}

/**
 * A recorded HTTP exchange. In memory, only `id`, `operation`, `modelId` and `response` (with `responseEvents` for a
 * stream) are needed.
 */
export interface Exchange {
  readonly id: string;
  readonly operation: Operation | (string & {});
  /** Null for operations without a model, such as ApplyGuardrail. */
  readonly modelId: string | null;
  readonly request?: { readonly body?: unknown };
  readonly response: {
    /** Default 200. */
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  /** Base64 of the raw event stream; wins over `responseEvents`. */
  readonly responseBodyBase64?: string;
  readonly responseEvents?: readonly StreamEvent[];
}

/** A request as the simulator received it. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path with query, as sent, selector included. */
  readonly path: string;
  /** Undefined when the path is no route of Bedrock Runtime. */
  readonly operation: Operation | undefined;
  /** Decoded model id. */
  readonly modelId: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or the bytes when they are not JSON. */
  readonly body: unknown;
  readonly httpVersion: '1.1' | '2.0';
}

export interface SimulatorOptions {
  /** Default: a free port chosen by the system. */
  readonly port?: number;
  /** Called first for every request; undefined leaves the answer to the exchanges and scenarios. */
  readonly respond?: (
    request: ReceivedRequest,
  ) => SimulatedResponse | undefined | Promise<SimulatedResponse | undefined>;
  /** Exchanges to replay: a directory of `*.json` files, or the exchanges themselves. */
  readonly exchanges?: string | readonly Exchange[];
}

/** What the path of an endpoint can choose. */
export type EndpointSelector =
  | { readonly scenario: string; readonly parameters?: Readonly<Record<string, string | number>> }
  | { readonly exchange: string };

export interface Simulator {
  /** Endpoint with the default behaviour, for example `http://127.0.0.1:40001`. */
  readonly url: string;
  /**
   * Endpoint that answers by a scenario or with one recorded exchange.
   *
   * @throws RangeError when there is no such scenario or exchange.
   */
  endpoint(selector: EndpointSelector): string;
  /** The last 1000 requests, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Ends open streams and connections at once. */
  close(): Promise<void>;
}
