/**
 * A service of Bedrock, by the name that its client has in `AWS_ENDPOINT_URL_…` and in the SDK's packages; `openai` for
 * OpenAI's API, which has an SDK of its own.
 */
export type ServiceId = 'bedrock-runtime' | 'bedrock-agent-runtime' | 'bedrock-agentcore' | 'openai';

/**
 * One frame of an `application/vnd.amazon.eventstream` answer.
 *
 * The payload of a `chunk` event (InvokeModelWithResponseStream) is the model's own JSON. The simulator wraps it in
 * `{bytes}` as the service does. A payload with the member `bytes` (a chunk of an agent) or with those of a command in
 * AgentCore is sent unchanged. So is a string, inside `{bytes}`, for chunks that are not JSON.
 */
export interface StreamEvent {
  /** Event type (`messageStart`, `chunk`, …), exception type (`throttlingException`, …) or error code. */
  readonly type: string;
  /** Default `event`. */
  readonly messageType?: 'event' | 'exception' | 'error';
  readonly payload?: unknown;
  /** Milliseconds before this frame, in addition to the answer's `interval`. Default: 0. */
  readonly pause?: number;
}

/** An answer from `respond`, a scenario or a replayed exchange. */
export interface SimulatedResponse {
  /** HTTP status, default 200. */
  readonly status?: number;
  /** Headers in addition to the content type and the request id, which these headers can replace. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes are sent unchanged, any other value as JSON. Ignored if `events` is set. */
  readonly body?: unknown;
  /** Frames of an event stream. Bytes are sent unchanged, such as server-sent events. An async iterable decides when each frame is sent. */
  readonly events?: Iterable<StreamEvent | Uint8Array> | AsyncIterable<StreamEvent | Uint8Array>;
  /** Pause after each frame in milliseconds. Default: 0. */
  readonly interval?: number;
  /**
   * What follows the last byte. `complete` (default) ends the response. `reset` sends RST_STREAM (HTTP/2) or resets the
   * connection (HTTP/1.1). `hang` leaves the response open. Without body and events, `reset` and `hang` send nothing.
   */
  readonly ending?: 'complete' | 'reset' | 'hang';
}

/**
 * A recorded HTTP exchange. An exchange in memory needs only `id`, `operation`, `modelId` and `response`, and
 * `responseEvents` for a stream.
 */
export interface Exchange {
  readonly id: string;
  readonly operation: string;
  /** Null for operations without a model, such as ApplyGuardrail. */
  readonly modelId: string | null;
  readonly request?: {
    /** Only a request with this path gets the exchange. Without it, the path does not matter. */
    readonly path?: string;
    readonly body?: unknown;
  };
  readonly response: {
    /** Default 200. */
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  /** Base64 of the raw event stream. It wins over `responseEvents`. */
  readonly responseBodyBase64?: string;
  readonly responseEvents?: readonly StreamEvent[];
}

/** A request that the simulator received. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path as sent, with the query and the selector. */
  readonly path: string;
  /** Undefined if the path is not a route of the simulator. */
  readonly service: ServiceId | undefined;
  /** Name of the operation, such as `InvokeAgent`. Undefined if the path is not a route of the simulator. */
  readonly operation: string | undefined;
  /** Decoded model id of the path, or `model` of a request to OpenAI's API. */
  readonly modelId: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or the bytes if they are not JSON. If the request streams events, those that were read so far. */
  readonly body: unknown;
  /** The events of a request that streams them, as they arrive: the model's own JSON. Can be read once. */
  readonly input?: AsyncIterable<Readonly<Record<string, unknown>>>;
  readonly httpVersion: '1.1' | '2.0';
}

export interface SimulatorOptions {
  /** Default: a free port that the system chooses. */
  readonly port?: number;
  /** Called first for every request. If it returns undefined, exchanges and scenarios answer. */
  readonly respond?: (
    request: ReceivedRequest,
  ) => SimulatedResponse | undefined | Promise<SimulatedResponse | undefined>;
  /** Exchanges to replay: a directory of `*.json` files, or the exchanges themselves. */
  readonly exchanges?: string | readonly Exchange[];
}

/** The choice that an endpoint's path makes. */
export type EndpointSelector =
  | { readonly scenario: string; readonly parameters?: Readonly<Record<string, string | number>> }
  | { readonly exchange: string };

export interface Simulator {
  /** Endpoint with the default behaviour, for example `http://127.0.0.1:40001`. */
  readonly url: string;
  /**
   * Returns an endpoint that answers with a scenario or with one recorded exchange.
   *
   * @throws RangeError if the scenario or the exchange does not exist.
   */
  endpoint(selector: EndpointSelector): string;
  /** The last 1000 requests, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Ends open streams and connections at once. */
  close(): Promise<void>;
}
