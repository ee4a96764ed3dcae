import type { ModelledError, ModelledErrors } from '../errors.js';
import type { JsonObject } from '../json.js';
import type { ReceivedRequest, ServiceId, SimulatedResponse, StreamEvent } from '../types.js';

/** A service of Bedrock. Each has its own SDK client, but all have the same address in the simulator. */
export interface Service {
  readonly id: ServiceId;
  /** Errors that the service models in addition to the common ones, or with another status or message. */
  readonly errors: ModelledErrors;
  /** Type of the exception frame in the scenario `mid-stream-error`. */
  readonly streamError: string;
  /** Writes an error of the service. Default: in the form of AWS. */
  writeError?(type: string, error: ModelledError, message?: string): SimulatedResponse;
  /** Writes an error within a stream. Default: a frame of the event stream of AWS. */
  streamErrorEvent?(type: string, message: string): StreamEvent | Uint8Array;
  /** Returns the operations, with the state that they keep between requests. */
  start(): readonly Operation[];
}

/** An operation of a service: its route and its scripted answer. */
export interface Operation {
  /** Name of the operation, as in the names of the SDK's commands. */
  readonly name: string;
  readonly method: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT';
  /**
   * The path of the service's API definition, such as `/sessions/{sessionIdentifier}/`. The value of a label with `+`,
   * such as `{modelId+}`, may contain slashes, because clients other than the SDK do not encode those of an ARN.
   */
  readonly path: string;
  /** Headers that every stream of this operation has, also a recorded one. */
  readonly streamHeaders?: Readonly<Record<string, string>>;
  /** True if the body of the request need not be a JSON object. `body` is then empty; `rawBody` has the value. */
  readonly acceptsAnyBody?: boolean;
  /** True if the client streams events while it reads the answer. `input` has them, and `body` is empty. */
  readonly streamsInput?: boolean;
  /** The model that the body of a request names. Default: the path names it, or there is none. */
  modelOf?(body: JsonObject): string;
  answer(request: OperationRequest): SimulatedResponse;
}

/** A request to an operation. */
export interface OperationRequest {
  /** The decoded values of the path and the query. */
  readonly labels: Readonly<Record<string, string>>;
  /** The body as a JSON object; an empty one if the request has no body. */
  readonly body: JsonObject;
  /** The body as received: parsed JSON, or its bytes. */
  readonly rawBody: unknown;
  readonly headers: ReceivedRequest['headers'];
  readonly input?: ReceivedRequest['input'];
  /** Texts that a scenario prescribes for the answer and for the events of its stream. */
  readonly pieces: readonly string[] | undefined;
}
