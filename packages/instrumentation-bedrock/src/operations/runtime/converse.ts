/** Converse and ConverseStream: one dialect for all models, in the SDK's own objects. */

import { readConverseVerdict } from '../../data/guardrail.js';
import { asObject, asString, type JsonObject, type ToJsonOptions, toJson } from '../../data/json.js';
import { identifyModel } from '../../data/model-id.js';
import { once } from '../../data/once.js';
import {
  type RequestedService,
  readConverseLatency,
  readConverseTier,
  readGuardrail,
  readPrompt,
  readRequestMetadata,
  type ServedService,
} from '../../data/service.js';
import { converse as dialect } from '../../dialects/converse.js';
import { eventReader } from '../common/events.js';
import { WHOLE } from '../common/form.js';
import type { Operation, OperationAnswer, OperationRequest, StreamOptions, StreamReader } from '../common/operation.js';

export const converse: Operation = {
  name: 'Converse',
  spanType: 'CHAT_MODEL',
  readRequest,
  readAnswer: (request, output, limits) => answerOf(request, asObject(output), limits),
};

export const converseStream: Operation = {
  ...converse,
  name: 'ConverseStream',
  stream: { member: 'stream', createReader },
};

function readRequest(input: unknown, limits: ToJsonOptions): OperationRequest {
  const raw = asObject(input);
  const modelId = asString(raw?.['modelId']);
  const serviceIn = (members: JsonObject): RequestedService =>
    // In Node.js 20, an object literal with several spreads takes 50 times as long: 5 µs.
    Object.assign(readConverseTier(members), readGuardrail(asObject(members['guardrailConfig'])), readPrompt(modelId), {
      metadata: readRequestMetadata(members['requestMetadata']),
    });
  return {
    modelId,
    model: identifyModel(modelId),
    dialect,
    isCertain: true,
    body: () => raw,
    content: () => toJson(input, limits),
    form: WHOLE,
    service: once(() => serviceIn(raw ?? {})),
    serviceIn,
  };
}

function answerOf(request: OperationRequest, output: JsonObject | undefined, limits: ToJsonOptions): OperationAnswer {
  const serviceIn = (body: JsonObject): ServedService =>
    Object.assign(
      readConverseTier(body),
      readConverseLatency(body),
      readConverseVerdict(body, request.service().guardrailId !== undefined),
    );
  return {
    dialect,
    body: () => output,
    // Redacted reasoning and images are bytes, so the answer needs a copy too.
    content: () => toJson(output, limits),
    form: WHOLE,
    service: () => serviceIn(output ?? {}),
    serviceIn,
  };
}

function createReader(request: OperationRequest, _output: unknown, options: StreamOptions): StreamReader {
  return eventReader(dialect, options, (body) => answerOf(request, body, options));
}
