/** Converse and ConverseStream: one dialect for all models, in the SDK's own objects. */

import { converse } from '../dialects/converse.js';
import { memberName } from '../dialects/converse-fold.js';
import { asObject, asString, isObject, type JsonValue, type ToJsonOptions, toJson } from '../json.js';
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
    body: () => toJson(input, limits),
    record: (body) => body ?? null,
  };
}

function response(body: JsonValue | undefined): ApiResponse {
  return { dialect: converse, body, usage: undefined, record: (recorded) => recorded ?? null };
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
