import { type AsyncJobs, createAsyncJobs } from './async-jobs.js';
import type { Reply } from './conversation.js';
import { converseEvents, readConverseRequest, writeConverse } from './dialects/converse.js';
import type { ChatDialect } from './dialects/dialect.js';
import { findDialect, SCRIPTED_FAMILIES } from './dialects/index.js';
import { errorResponse } from './errors.js';
import { applyGuardrail, type ConverseGuardrail, guardConverse } from './guardrail.js';
import { invokeGuardrailChecks } from './guardrail-checks.js';
import { isObject, type JsonObject, objectOf } from './json.js';
import { countPrompt, createScriptedModel, type ScriptedModel } from './scripted-model.js';
import { toPieces } from './tokens.js';
import type { Operation, ReceivedRequest, SimulatedResponse } from './types.js';

/** A request for one of Bedrock Runtime's operations. */
export interface OperationRequest extends ReceivedRequest {
  readonly operation: Operation;
  /** Values from the path and the query, except the model id. */
  readonly labels: Readonly<Record<string, string>>;
}

/** State that the simulator keeps between requests. */
export interface State {
  readonly model: ScriptedModel;
  readonly jobs: AsyncJobs;
}

export function createState(): State {
  return { model: createScriptedModel(), jobs: createAsyncJobs() };
}

/** Answers a request by script. `pieces` replace the text of the answer and the chunks of its stream. */
export function answer(request: OperationRequest, state: State, pieces?: readonly string[]): SimulatedResponse {
  const { operation, labels } = request;
  const modelId = request.modelId ?? '';
  const body = request.method === 'GET' ? {} : request.body;
  if (!isObject(body))
    return errorResponse('ValidationException', 'Malformed input request, please reformat your input and try again.');
  switch (operation) {
    case 'Converse':
      return { body: writeConverse(...converse(modelId, body, state.model, pieces)) };
    case 'ConverseStream':
      return { events: converseEvents(...converse(modelId, body, state.model, pieces)) };
    case 'CountTokens':
      return countTokens(modelId, body);
    case 'ApplyGuardrail':
      return { body: applyGuardrail(labels, body) };
    case 'InvokeGuardrailChecks':
      return { body: invokeGuardrailChecks(body) };
    case 'StartAsyncInvoke':
      return { body: state.jobs.start(body) };
    case 'GetAsyncInvoke':
      return getAsyncInvoke(state.jobs, labels['invocationArn'] ?? '');
    case 'ListAsyncInvokes':
      return { body: state.jobs.list(labels) };
    case 'InvokeModel':
      return invoke(modelId, body, state.model, pieces);
    case 'InvokeModelWithResponseStream':
      return invokeStream(modelId, body, state.model, pieces);
  }
}

/** A request that a guardrail blocks has no tokens, because it reaches no model. */
function converse(
  modelId: string,
  body: JsonObject,
  model: ScriptedModel,
  pieces: readonly string[] | undefined,
): [Reply, ConverseGuardrail | undefined] {
  const guardrail = guardConverse(body);
  const conversation = readConverseRequest(body);
  if (guardrail?.blocked === undefined) return [model.reply(modelId, conversation, pieces), guardrail];
  const reply = model.reply(modelId, conversation, toPieces(guardrail.blocked));
  return [{ ...reply, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } }, guardrail];
}

function invoke(
  modelId: string,
  body: JsonObject,
  model: ScriptedModel,
  pieces: readonly string[] | undefined,
): SimulatedResponse {
  const dialect = findDialect(modelId, body);
  if (!dialect) return unsupported(modelId);
  if (dialect.kind === 'plain') {
    const { body: answerBody, inputTokens } = dialect.answer(body, modelId);
    return { headers: plainHeaders(inputTokens), body: answerBody };
  }
  const reply = model.reply(modelId, dialect.read(body), pieces);
  return { headers: tokenHeaders(reply, dialect), body: dialect.write(reply, modelId, body) };
}

function invokeStream(
  modelId: string,
  body: JsonObject,
  model: ScriptedModel,
  pieces: readonly string[] | undefined,
): SimulatedResponse {
  const dialect = findDialect(modelId, body);
  if (!dialect) return unsupported(modelId);
  if (dialect.kind === 'plain' || !dialect.chunks)
    return errorResponse('ValidationException', 'The model is unsupported for streaming.');
  const reply = model.reply(modelId, dialect.read(body), pieces);
  return { events: dialect.chunks(reply, modelId, body).map((payload) => ({ type: 'chunk', payload })) };
}

function getAsyncInvoke(jobs: AsyncJobs, arn: string): SimulatedResponse {
  const body = jobs.get(arn);
  return body
    ? { body }
    : errorResponse('ValidationException', `The Bedrock simulator has no asynchronous invocation ${arn}.`);
}

function plainHeaders(inputTokens: number | undefined): Record<string, string> {
  return {
    ...(inputTokens === undefined ? {} : { 'x-amzn-bedrock-input-token-count': String(inputTokens) }),
    'x-amzn-bedrock-invocation-latency': '20',
  };
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
