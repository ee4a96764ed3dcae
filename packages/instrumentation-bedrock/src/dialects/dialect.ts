/**
 * A dialect is the JSON format of a family of models: requests, answers and stream chunks. Its functions are pure,
 * accept any JSON object and never throw. They leave out members that are missing or have another type.
 */

import type { OperationName, RequestParameters, ResponseFacts } from '../data/facts.js';
import type { JsonObject } from '../data/json.js';
import type { ContentDetails, InputContent, OutputMessage, ToolDefinition } from '../data/messages.js';
import type { FoldOptions, StreamFold } from './fold/stream-fold.js';

export interface ChatView {
  /** `mlflow.message.format`, which selects the parser of MLflow's chat view. */
  readonly format: 'bedrock' | 'langchain' | 'openai';
  /** Returns the body as that parser can read it. Drops nothing. */
  request(body: JsonObject): JsonObject;
  response(body: JsonObject): JsonObject;
}

export interface Dialect {
  readonly name: string;
  readonly operation: OperationName;
  /** How MLflow shows this dialect as a conversation; absent if none of its parsers fits. */
  readonly chatView?: ChatView;
  /** Whether a request can only be in this dialect. Used if the model id does not decide. */
  matchesRequest(body: JsonObject): boolean;
  /** Whether an answer or a stream chunk can only be in this dialect. */
  matchesResponse(body: JsonObject): boolean;
  readParameters(body: JsonObject): RequestParameters;
  readInput(body: JsonObject): InputContent;
  readTools(body: JsonObject): readonly ToolDefinition[];
  readResponse(body: JsonObject): ResponseFacts;
  readOutput(body: JsonObject): readonly OutputMessage[];
  /** Content of a request that is no message, by attribute, such as the arguments of a tool. Text stays text. */
  readInputDetails?(body: JsonObject): ContentDetails;
  /** Content of an answer that is no message, by attribute, such as the result of a tool. Text stays text. */
  readOutputDetails?(body: JsonObject): ContentDetails;
  createFold(options: FoldOptions): StreamFold;
  /** Returns the name of the span event for a stream chunk. Default: the chunk's `type`, else `chunk`. */
  chunkName?(chunk: JsonObject): string | undefined;
}
