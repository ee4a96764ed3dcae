import type { Reply } from '../../model/conversation.js';
import type { ScriptedModel } from '../../model/scripted-model.js';
import { toPieces } from '../../model/tokens.js';
import type { Operation, OperationRequest } from '../operation.js';
import { converseEvents, readConverseRequest, writeConverse } from './dialects/converse.js';
import { type ConverseGuardrail, guardConverse } from './guardrail.js';

export function converse(model: ScriptedModel): Operation {
  return {
    name: 'Converse',
    method: 'POST',
    path: '/model/{modelId+}/converse',
    answer: (request) => ({ body: writeConverse(...reply(request, model)) }),
  };
}

export function converseStream(model: ScriptedModel): Operation {
  return {
    name: 'ConverseStream',
    method: 'POST',
    path: '/model/{modelId+}/converse-stream',
    answer: (request) => ({ events: converseEvents(...reply(request, model)) }),
  };
}

/** A request that a guardrail blocks has no tokens, because it reaches no model. */
function reply(
  { labels, body, pieces }: OperationRequest,
  model: ScriptedModel,
): [Reply, ConverseGuardrail | undefined] {
  const modelId = labels['modelId'] ?? '';
  const guardrail = guardConverse(body);
  const conversation = readConverseRequest(body);
  if (guardrail?.blocked === undefined) return [model.reply(modelId, conversation, pieces), guardrail];
  const blocked = model.reply(modelId, conversation, toPieces(guardrail.blocked));
  return [{ ...blocked, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } }, guardrail];
}
