/** Converse and ConverseStream: one dialect for all models, in the SDK's own objects. */

import { asObject, asString, firstKey, isObject, type JsonObject, type ToJsonOptions, toJson } from '../data/json.js';
import { identifyModel } from '../data/model-id.js';
import { ATTR_AWS_BEDROCK_GUARDRAIL_ID } from '../data/semconv.js';
import { converse as dialect } from '../dialects/converse.js';
import type {
  ContentForm,
  Operation,
  OperationAnswer,
  OperationRequest,
  StreamOptions,
  StreamReader,
} from './operation.js';

/** The whole content is in the dialect. */
const FORM: ContentForm = {
  bodyOf: asObject,
  show: (content, view) => (view && isObject(content) ? view(content) : content),
};

export const converse: Operation = {
  name: 'Converse',
  spanType: 'CHAT_MODEL',
  readRequest,
  readAnswer: (_request, output, limits) => answerOf(asObject(output), limits),
};

export const converseStream: Operation = {
  ...converse,
  name: 'ConverseStream',
  stream: { member: 'stream', createReader },
};

function readRequest(input: unknown, limits: ToJsonOptions): OperationRequest {
  const raw = asObject(input);
  const modelId = asString(raw?.['modelId']);
  const guardrail = asObject(raw?.['guardrailConfig']);
  return {
    modelId,
    model: identifyModel(modelId),
    dialect,
    isCertain: true,
    facts: { [ATTR_AWS_BEDROCK_GUARDRAIL_ID]: asString(guardrail?.['guardrailIdentifier']) },
    body: () => raw,
    content: () => toJson(input, limits),
    form: FORM,
  };
}

function answerOf(output: JsonObject | undefined, limits: ToJsonOptions): OperationAnswer {
  // Redacted reasoning and images are bytes, so the answer needs a copy too.
  return { dialect, body: () => output, content: () => toJson(output, limits), form: FORM };
}

function createReader(_request: OperationRequest, _output: unknown, options: StreamOptions): StreamReader {
  const fold = dialect.createFold({ content: options.withContent });
  return {
    read(event) {
      if (!isObject(event) || firstKey(event) === undefined) return undefined;
      fold.add(event);
      return event;
    },
    show(event) {
      const members = asObject(event) ?? {};
      const name = firstKey(members) ?? 'chunk';
      return { name, value: members[name] ?? null };
    },
    answer: () => answerOf(fold.body(), options),
    isComplete: fold.isComplete,
  };
}
