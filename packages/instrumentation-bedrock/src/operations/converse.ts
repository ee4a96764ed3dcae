/** Converse and ConverseStream: one dialect for all models, in the SDK's own objects. */

import {
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
  type ToJsonOptions,
  toJson,
} from '../data/json.js';
import { converse } from '../dialects/converse.js';
import { memberName } from '../dialects/converse-fold.js';
import type { Api, ApiRequest, ApiResponse, ApiStream, StreamOptions } from './operation.js';

export const converseApi: Api = {
  spanType: 'CHAT_MODEL',
  readRequest,
  readResponse: (_request, output, limits) => response(asObject(output), limits),
  createStream,
};

export const converseStreamApi: Api = { ...converseApi, streamMember: 'stream' };

function readRequest(input: unknown, limits: ToJsonOptions): ApiRequest {
  const raw = asObject(input);
  return {
    modelId: asString(raw?.['modelId']),
    dialect: converse,
    isCertain: true,
    guardrailId: asString(asObject(raw?.['guardrailConfig'])?.['guardrailIdentifier']),
    body: () => raw,
    content: () => toJson(input, limits),
    bodyOf: asObject,
    record: recordConversation,
  };
}

function response(output: JsonObject | undefined, limits: ToJsonOptions): ApiResponse {
  return {
    dialect: converse,
    usage: undefined,
    body: () => output,
    // Redacted reasoning and images are bytes.
    content: () => toJson(output, limits),
    bodyOf: asObject,
    record: recordConversation,
  };
}

function recordConversation(content: JsonValue, view: ((body: JsonObject) => JsonObject) | undefined): JsonValue {
  return view && isObject(content) ? view(content) : content;
}

function createStream(_request: ApiRequest, _output: unknown, options: StreamOptions): ApiStream {
  const fold = converse.createFold({ content: options.withContent });
  return {
    read(event) {
      if (!isObject(event) || memberName(event) === undefined) return undefined;
      fold.add(event);
      return event;
    },
    show(event) {
      const members = asObject(event) ?? {};
      const name = memberName(members) ?? 'chunk';
      return { name, value: members[name] ?? null };
    },
    response: () => response(fold.body(), options),
    isComplete: fold.isComplete,
  };
}
