import { errorResponse } from '../../errors.js';
import type { Reply } from '../../model/conversation.js';
import type { ScriptedModel } from '../../model/scripted-model.js';
import type { SimulatedResponse } from '../../types.js';
import type { Operation } from '../operation.js';
import type { ChatDialect } from './dialects/dialect.js';
import { findDialect, SCRIPTED_FAMILIES } from './dialects/index.js';

export function invokeModel(model: ScriptedModel): Operation {
  return {
    name: 'InvokeModel',
    method: 'POST',
    path: '/model/{modelId+}/invoke',
    answer({ labels, body, pieces }) {
      const modelId = labels['modelId'] ?? '';
      const dialect = findDialect(modelId, body);
      if (!dialect) return unsupported(modelId);
      if (dialect.kind === 'plain') {
        const { body: answerBody, inputTokens } = dialect.answer(body, modelId);
        return { headers: plainHeaders(inputTokens), body: answerBody };
      }
      const reply = model.reply(modelId, dialect.read(body), pieces);
      return { headers: tokenHeaders(reply, dialect), body: dialect.write(reply, modelId, body) };
    },
  };
}

export function invokeModelWithResponseStream(model: ScriptedModel): Operation {
  return {
    name: 'InvokeModelWithResponseStream',
    method: 'POST',
    path: '/model/{modelId+}/invoke-with-response-stream',
    streamHeaders: { 'x-amzn-bedrock-content-type': 'application/json' },
    answer({ labels, body, pieces }) {
      const modelId = labels['modelId'] ?? '';
      const dialect = findDialect(modelId, body);
      if (!dialect) return unsupported(modelId);
      if (dialect.kind === 'plain' || !dialect.chunks)
        return errorResponse('ValidationException', 'The model is unsupported for streaming.');
      const reply = model.reply(modelId, dialect.read(body), pieces);
      return { events: dialect.chunks(reply, modelId, body).map((payload) => ({ type: 'chunk', payload })) };
    },
  };
}

/** Answers for a family without a scripted model. */
export function unsupported(modelId: string): SimulatedResponse {
  return errorResponse(
    'ValidationException',
    `The Bedrock simulator has no scripted answer for the model ${modelId}. It answers InvokeModel for ${SCRIPTED_FAMILIES}; Converse works with any model id.`,
  );
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
