/** Converse and ConverseStream: one dialect for all models, in the SDK's own objects. */

import { converse } from '../dialects/converse.js';
import { memberName } from '../dialects/converse-fold.js';
import { asObject, asString, isObject, type JsonObject, type JsonValue, type ToJsonOptions, toJson } from '../json.js';
import type { Api, ApiRequest, ApiResponse, ApiStream } from './api.js';

export const converseApi: Api = {
  spanType: 'CHAT_MODEL',
  readRequest,
  readResponse: (_request, output, limits) => response(toJson(output, limits)),
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
    content: () => toJson(input, limits),
    bodyOf: asObject,
    record: recordConversation,
  };
}

function response(content: JsonValue | undefined): ApiResponse {
  return { dialect: converse, content, usage: undefined, bodyOf: asObject, record: recordConversation };
}

function recordConversation(content: JsonValue, view: ((body: JsonObject) => JsonObject) | undefined): JsonValue {
  return view && isObject(content) ? view(content) : content;
}

function createStream(_request: ApiRequest, _output: unknown, limits: ToJsonOptions): ApiStream {
  const fold = converse.createFold();
  return {
    read(event) {
      if (!isObject(event)) return undefined;
      const name = memberName(event);
      if (name === undefined) return undefined;
      fold.add(event);
      return { name, shown: event[name] ?? null };
    },
    // The events are the SDK's objects, so redacted reasoning and images may be bytes.
    response: () => response(toJson(fold.body(), limits)),
    isComplete: fold.isComplete,
  };
}
