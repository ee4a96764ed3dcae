import { type JsonObject, objectOf, stringOf } from '../../json.js';
import type { Reply } from '../../model/conversation.js';
import type { ScriptedModel } from '../../model/scripted-model.js';
import { toPieces } from '../../model/tokens.js';
import type { Operation } from '../operation.js';
import { REASONS, readChat, writeDeltas, writeMessage } from '../runtime/dialects/openai-chat-content.js';
import { chatUsage, reasoningFor, withCache } from './usage.js';
import { answered, CREATED, STREAM_HEADERS, streamed } from './wire.js';

/** Chat completions. Reasoning is in the member `reasoning`, as Bedrock's models with open weights have it. */
export function chatCompletions(model: ScriptedModel): Operation {
  return {
    name: 'chat.completions',
    method: 'POST',
    path: '/chat/completions',
    streamHeaders: STREAM_HEADERS,
    modelOf: (body) => stringOf(body['model']),
    answer({ body, pieces }) {
      const modelId = stringOf(body['model']);
      const reply = model.reply(modelId, withCache(readChat(body), body['prompt_cache_key']), pieces);
      const reasoning = reasoningFor(body['reasoning_effort']);
      if (body['stream'] === true) return streamed(chunksOf(reply, reasoning, body));
      const message = { ...writeMessage(reply), ...(reasoning === undefined ? {} : { reasoning }), refusal: null };
      return answered({
        ...head(reply, 'chat.completion', body),
        choices: [{ index: 0, message, logprobs: null, finish_reason: REASONS[reply.finish] }],
        usage: chatUsage(reply, reasoning),
      });
    },
  };
}

function chunksOf(reply: Reply, reasoning: string | undefined, body: JsonObject): JsonObject[] {
  const chunk = (delta: JsonObject, reason: string | null): JsonObject => ({
    ...head(reply, 'chat.completion.chunk', body),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
  });
  const [opening = {}, ...deltas] = writeDeltas(reply);
  const thoughts = toPieces(reasoning ?? '').map((piece) => ({ reasoning: piece }));
  const isUsageAsked = objectOf(body['stream_options'])['include_usage'] === true;
  const usage = { ...head(reply, 'chat.completion.chunk', body), choices: [], usage: chatUsage(reply, reasoning) };
  return [
    ...[opening, ...thoughts, ...deltas].map((delta) => chunk(delta, null)),
    chunk({}, REASONS[reply.finish]),
    ...(isUsageAsked ? [usage] : []),
  ];
}

function head({ id }: Reply, object: string, body: JsonObject): JsonObject {
  const tier = body['service_tier'];
  return {
    id: `chatcmpl-${id}`,
    object,
    created: CREATED,
    model: stringOf(body['model']),
    service_tier: tier === undefined || tier === 'auto' ? 'default' : tier,
    system_fingerprint: 'fp_simulator',
  };
}
