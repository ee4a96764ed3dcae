import { digest } from '../../../digest.js';
import { stringOf } from '../../../json.js';
import type { Conversation, Reply } from '../../../model/conversation.js';
import type { ScriptedModel } from '../../../model/scripted-model.js';
import type { Operation } from '../../operation.js';
import { writeError } from '../errors.js';
import { withCache } from '../usage.js';
import { answered, STREAM_HEADERS, streamedEvents } from '../wire.js';
import { eventsOf } from './events.js';
import { readInput, withHistory } from './input.js';
import { callId, respond } from './output.js';

/** The Responses API, with conversations that go on with `previous_response_id`. */
export function responses(model: ScriptedModel): Operation {
  /** The conversation up to each answer, by the id of the answer. */
  const stored = new Map<string, Conversation>();
  return {
    name: 'responses',
    method: 'POST',
    path: '/responses',
    streamHeaders: STREAM_HEADERS,
    modelOf: (body) => stringOf(body['model']),
    answer({ body, pieces }) {
      const previous = body['previous_response_id'];
      const history = typeof previous === 'string' ? stored.get(previous) : undefined;
      if (typeof previous === 'string' && !history) return notFound(previous);
      const conversation = withHistory(readInput(body), history);
      const modelId = stringOf(body['model']);
      const reply = model.reply(modelId, withCache(conversation, body['prompt_cache_key']), pieces);
      const id = `resp_${digest([reply.id, previous])}`;
      const response = respond(id, reply, body);
      if (body['store'] !== false) stored.set(id, withAnswer(conversation, reply));
      return body['stream'] === true ? streamedEvents(eventsOf(response, reply)) : answered(response);
    },
  };
}

function notFound(id: string) {
  return writeError('ResourceNotFoundException', {
    status: 400,
    message: `Previous response with id '${id}' not found.`,
  });
}

function withAnswer(conversation: Conversation, { text, toolCalls: calls }: Reply): Conversation {
  const toolCalls = calls.map((call) => ({ ...call, id: callId(call) }));
  const answer = { role: 'assistant', text, toolCalls, toolResults: [] };
  return { ...conversation, prompt: [...conversation.prompt, text], messages: [...conversation.messages, answer] };
}
