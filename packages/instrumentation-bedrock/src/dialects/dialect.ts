/**
 * A dialect is the JSON of one family of models, in requests, answers and stream chunks. Its functions are pure and
 * accept any JSON object: what is missing or has another type is left out, never guessed, and nothing throws.
 */

import type { OperationName, RequestParameters, ResponseFacts } from '../data/facts.js';
import type { JsonObject } from '../data/json.js';
import type { InputContent, OutputMessage, ToolDefinition } from '../data/messages.js';
import type { FoldOptions, StreamFold } from './fold/stream-fold.js';

export interface ChatView {
  /** `mlflow.message.format`: which of MLflow's parsers reads the body. */
  readonly format: 'bedrock' | 'anthropic' | 'openai' | 'mistral';
  /** The body as that parser can read it, complete. */
  request(body: JsonObject): JsonObject;
  response(body: JsonObject): JsonObject;
}

export interface Dialect {
  readonly name: string;
  readonly operation: OperationName;
  /** How MLflow shows this dialect as a conversation; absent where none of its parsers fits. */
  readonly chatView?: ChatView;
  /** True when a request can only be of this dialect; used where the model id hides the family. */
  matchesRequest(body: JsonObject): boolean;
  /** True when an answer or a stream chunk can only be of this dialect. */
  matchesResponse(body: JsonObject): boolean;
  readParameters(body: JsonObject): RequestParameters;
  readInput(body: JsonObject): InputContent;
  readTools(body: JsonObject): readonly ToolDefinition[];
  readResponse(body: JsonObject): ResponseFacts;
  readOutput(body: JsonObject): readonly OutputMessage[];
  createFold(options: FoldOptions): StreamFold;
  /** Name of the span event for a stream chunk. Default: the chunk's `type`, else `chunk`. */
  chunkName?(chunk: JsonObject): string | undefined;
}
