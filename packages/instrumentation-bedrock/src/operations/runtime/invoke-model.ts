/** InvokeModel and InvokeModelWithResponseStream: the body is in the model's own format. */

import type { StatedError } from '../../data/facts.js';
import {
  asBytes,
  asMembers,
  asObject,
  asString,
  decodeText,
  isObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  setMembers,
  type ToJsonOptions,
  toBase64,
  toJson,
} from '../../data/json.js';
import { identifyModel } from '../../data/model-id.js';
import { stringify } from '../../data/numbers.js';
import { once } from '../../data/once.js';
import {
  type RequestedService,
  readGuardrail,
  readInvokeTier,
  readPrompt,
  readRequestMetadata,
  type ServedService,
} from '../../data/service.js';
import { leaveOutVectors } from '../../data/vectors.js';
import type { Dialect } from '../../dialects/dialect.js';
import { chooseDialect, createFold, dialectOfResponse } from '../../dialects/index.js';
import { type Body, mayExceed, readBody, withBody } from '../common/body.js';
import { readModelError } from '../common/model-error.js';
import type {
  ContentForm,
  ContentLimits,
  Operation,
  OperationAnswer,
  OperationRequest,
  StreamOptions,
  StreamReader,
} from '../common/operation.js';
import { readVerdict, ServiceMembers } from '../common/service-members.js';

const FORM: ContentForm = { bodyOf, show };

export const invokeModel: Operation = { name: 'InvokeModel', spanType: 'LLM', readRequest, readAnswer };

export const invokeModelStream: Operation = {
  ...invokeModel,
  name: 'InvokeModelWithResponseStream',
  stream: { member: 'body', createReader },
};

function readRequest(input: unknown, limits: ToJsonOptions): OperationRequest {
  const raw = asMembers(input);
  const modelId = asString(raw['modelId']);
  const model = identifyModel(modelId);
  // The member can be a getter, and parsing is slow.
  const modelBody = once(() => readBody(raw['body'], limits));
  const serviceIn = (members: JsonObject): RequestedService =>
    // Faster than spreads; see `converse.ts`.
    Object.assign(readInvokeTier(members), readGuardrail(members), readPrompt(modelId), {
      metadata: readRequestMetadata(members['requestMetadata']),
    });
  return {
    modelId,
    model,
    ...chooseDialect(model.baseId, () => modelBody().value),
    body: () => asObject(modelBody().value),
    content: () => withBody(raw, modelBody().value, limits),
    form: { bodyOf, show: (content, view) => showRequest(content, view, modelBody()) },
    service: once(() => serviceIn(raw)),
    serviceIn,
  };
}

function readAnswer(request: OperationRequest, output: unknown, limits: ContentLimits): OperationAnswer {
  const raw = asMembers(output);
  const { value } = readBody(raw['body'], limits);
  const dialect = isObject(value) ? dialectOfResponse(request, value) : request.dialect;
  const body = asObject(value);
  return {
    dialect,
    error: body && readModelError(body),
    body: () => body,
    content: () =>
      withBody(raw, hasVectors(dialect, body) ? leaveOutVectors(body, limits.maxEmbeddingLength) : value, limits),
    form: FORM,
    service: () => Object.assign(readInvokeTier(raw), body && readVerdict(body)),
    serviceIn: servedIn,
  };
}

/** Also true for models that no dialect knows, if their answer has one of the usual members. */
function hasVectors({ operation }: Dialect, body: JsonObject | undefined): body is JsonObject {
  if (!body) return false;
  return operation === 'embeddings' || 'embedding' in body || 'embeddings' in body;
}

function bodyOf(content: JsonValue): JsonObject | undefined {
  return asObject(asObject(content)?.['body']);
}

function servedIn(content: JsonObject): ServedService {
  return Object.assign(readInvokeTier(content), readVerdict(bodyOf(content) ?? {}));
}

/** Puts the members of a conversation at the top level, where MLflow's chat view reads them. */
function show(content: JsonValue, view: ((body: JsonObject) => JsonObject) | undefined): JsonValue {
  if (!view || !isObject(content) || !isObject(content['body'])) return content;
  const shown: JsonObject = {};
  setMembers(shown, content, 'body');
  setMembers(shown, view(content['body']));
  return shown;
}

/** Without a chat view, MLflow's autolog for Python shows the body of a request as JSON text. So does this. */
function showRequest(content: JsonValue, view: ((body: JsonObject) => JsonObject) | undefined, sent: Body): JsonValue {
  const body = asObject(content)?.['body'];
  if (view && isObject(body)) return show(content, view);
  if (!isObject(content) || body === undefined || typeof body === 'string') return content;
  // Only objects have an identity: a bare number can be equal to the one that was sent, but written in another way.
  const isUnchanged = typeof body === 'object' && body === sent.value && sent.text !== undefined;
  return { ...content, body: isUnchanged ? sent.text : stringify(body) };
}

function createReader(request: OperationRequest, output: unknown, options: StreamOptions): StreamReader {
  const { withContent: content, maxRecordLength: maxLength, maxMediaBytes } = options;
  const foldOptions = { content, maxLength, maxMediaBytes };
  let dialect: Dialect | undefined;
  let fold = createFold(request.dialect, foldOptions);
  const added = new ServiceMembers();
  let error: { readonly read: StatedError; readonly raw: JsonValue } | undefined;
  let textLength = 0;
  // Copied at once: a reference to the output would keep an abandoned stream from being collected.
  const rest = withBody(asMembers(output), undefined, options);
  const tier = readInvokeTier(rest);
  const isComplete = (): boolean | undefined => added.isComplete || fold.isComplete();
  return {
    read(event) {
      const bytes = asBytes(asObject(asObject(event)?.['chunk'])?.['bytes']);
      const text = bytes && decodeText(bytes);
      const chunk = text === undefined ? undefined : asObject(parseJson(text));
      // The application receives chunks in an unknown format too, so they are recorded.
      if (text === undefined || !chunk) return text ?? (bytes && toBase64(bytes));
      textLength += text.length;
      if (!dialect) {
        dialect = dialectOfResponse(request, chunk);
        if (dialect !== request.dialect) fold = createFold(dialect, foldOptions);
      }
      fold.add(chunk);
      added.add(chunk);
      const read = readModelError(chunk);
      if (read) error ??= { read, raw: chunk['error'] ?? chunk };
      return chunk;
    },
    show(chunk) {
      const object = asObject(chunk);
      const name = object && (dialect?.chunkName?.(object) ?? asString(object['type']));
      return { name: name ?? 'chunk', value: chunk };
    },
    answer() {
      const folded = fold.body();
      const body = error ? { ...folded, error: error.raw } : folded;
      const guardrail = added.guardrail(isComplete() === false);
      if (body) Object.assign(body, guardrail);
      const content = (): JsonObject => {
        if (!body) return rest;
        return { ...rest, body: mayExceed(textLength, options) ? toJson(body, options) : body };
      };
      return {
        dialect: dialect ?? request.dialect,
        usage: added.usage,
        error: error?.read,
        body: () => body,
        content,
        form: FORM,
        service: () => ({ ...tier, ...added.latency, ...readVerdict(guardrail) }),
        serviceIn: servedIn,
      };
    },
    isComplete,
  };
}
