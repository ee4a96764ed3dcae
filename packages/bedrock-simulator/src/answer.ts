import type { Reply } from './conversation.js';
import { converseEvents, readConverseRequest, writeConverse } from './dialects/converse.js';
import type { ChatDialect } from './dialects/dialect.js';
import { findDialect, SCRIPTED_FAMILIES } from './dialects/index.js';
import { errorResponse } from './errors.js';
import { isObject, type JsonObject, objectOf } from './json.js';
import { countPrompt, type ScriptedModel } from './scripted-model.js';
import type { Operation, ReceivedRequest, SimulatedResponse } from './types.js';

/** A request that is known to be for one of Bedrock Runtime's operations. */
export interface OperationRequest extends ReceivedRequest {
  readonly operation: Operation;
}

/** Answers a request by script. With `pieces`, the text of the answer and the chunks of its stream are given. */
export function answer(request: OperationRequest, model: ScriptedModel, pieces?: readonly string[]): SimulatedResponse {
  const { operation, body } = request;
  const modelId = request.modelId ?? '';
  if (!isObject(body))
    return errorResponse('ValidationException', 'Malformed input request, please reformat your input and try again.');
  switch (operation) {
    case 'Converse':
      return { body: writeConverse(model.reply(modelId, readConverseRequest(body), pieces)) };
    case 'ConverseStream':
      return { events: converseEvents(model.reply(modelId, readConverseRequest(body), pieces)) };
    case 'CountTokens':
      return countTokens(modelId, body);
    case 'ApplyGuardrail':
      return errorResponse(
        'ValidationException',
        'The Bedrock simulator has no scripted answer for ApplyGuardrail. Replay a recorded exchange instead.',
      );
    default:
      return invoke(operation, modelId, body, model, pieces);
  }
}

function invoke(
  operation: 'InvokeModel' | 'InvokeModelWithResponseStream',
  modelId: string,
  body: JsonObject,
  model: ScriptedModel,
  pieces: readonly string[] | undefined,
): SimulatedResponse {
  const dialect = findDialect(modelId, body);
  if (!dialect) return unsupported(modelId);
  const streaming = operation === 'InvokeModelWithResponseStream';
  if (dialect.kind === 'embedding') {
    if (streaming) return errorResponse('ValidationException', 'The model is unsupported for streaming.');
    const { body: answerBody, inputTokens } = dialect.embed(body);
    return {
      headers: { 'x-amzn-bedrock-input-token-count': String(inputTokens), 'x-amzn-bedrock-invocation-latency': '20' },
      body: answerBody,
    };
  }
  const reply = model.reply(modelId, dialect.read(body), pieces);
  return streaming
    ? { events: dialect.chunks(reply, modelId).map((payload) => ({ type: 'chunk', payload })) }
    : { headers: tokenHeaders(reply, dialect), body: dialect.write(reply, modelId) };
}

function tokenHeaders({ usage, latency }: Reply, dialect: ChatDialect): Record<string, string> {
  return {
    'x-amzn-bedrock-input-token-count': String(usage.input),
    'x-amzn-bedrock-output-token-count': String(usage.output),
    'x-amzn-bedrock-invocation-latency': String(latency.total),
    ...(dialect.cacheHeaders
      ? {
          'x-amzn-bedrock-cache-read-input-token-count': String(usage.cacheRead),
          'x-amzn-bedrock-cache-write-input-token-count': String(usage.cacheWrite),
        }
      : {}),
  };
}

function countTokens(modelId: string, body: JsonObject): SimulatedResponse {
  const input = objectOf(body['input']);
  if (isObject(input['converse']))
    return { body: { inputTokens: countPrompt(readConverseRequest(input['converse']).prompt) } };
  const invokeBody = parseBase64(objectOf(input['invokeModel'])['body']);
  const dialect = findDialect(modelId, invokeBody);
  if (dialect?.kind !== 'chat') return unsupported(modelId);
  return { body: { inputTokens: countPrompt(dialect.read(invokeBody).prompt) } };
}

function parseBase64(text: unknown): JsonObject {
  try {
    return objectOf(JSON.parse(Buffer.from(String(text), 'base64').toString('utf8')));
  } catch {
    return {};
  }
}

function unsupported(modelId: string): SimulatedResponse {
  return errorResponse(
    'ValidationException',
    `The Bedrock simulator has no scripted answer for the model ${modelId}. It answers InvokeModel for ${SCRIPTED_FAMILIES}; Converse works with any model id.`,
  );
}
