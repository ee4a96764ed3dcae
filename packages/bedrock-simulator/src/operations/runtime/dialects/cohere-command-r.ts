import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '../../../json.js';
import type { Message } from '../../../model/conversation.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';

const REASONS = { end: 'COMPLETE', tool: 'COMPLETE', length: 'MAX_TOKENS' } as const;

/** Tokens that the service's template adds to `meta.tokens` of a stream, about as in recordings. */
const TEMPLATE_TOKENS = { input: 66, output: 1 } as const;

/** Cohere Command R and R+. It does not call tools, because no recording shows how Command R does. */
export const cohereCommandR: ChatDialect = {
  kind: 'chat',
  read(body) {
    const messages = history(body).map(
      ({ role, message }): Message => ({
        role: role === 'CHATBOT' ? 'assistant' : stringOf(role).toLowerCase(),
        text: stringOf(message),
        toolCalls: [],
        toolResults: [],
      }),
    );
    return {
      prompt: [
        ...arrayOf(body['tools']).map((tool) => JSON.stringify(tool)),
        stringOf(body['preamble']),
        ...arrayOf(body['documents']).map((document) => JSON.stringify(document)),
        ...messages.map(({ text }) => text),
      ],
      messages,
      tools: [],
      forceTool: false,
      maxTokens: numberOf(body['max_tokens']),
    };
  },
  write: ({ id, text, finish }, _modelId, request) => ({
    response_id: `${id}/response`,
    text,
    generation_id: id,
    chat_history: [...history(request), { role: 'CHATBOT', message: text }],
    finish_reason: REASONS[finish],
  }),
  /** The last chunk repeats the whole answer. Its metrics have the billed tokens; `meta.tokens` adds the template. */
  chunks(reply, modelId, request) {
    const { input, output } = reply.usage;
    const meta = {
      api_version: { version: '1' },
      billed_units: { input_tokens: input, output_tokens: output },
      tokens: { input_tokens: input + TEMPLATE_TOKENS.input, output_tokens: output + TEMPLATE_TOKENS.output },
    };
    return [
      ...reply.pieces.map((text) => ({ is_finished: false, event_type: 'text-generation', text })),
      {
        is_finished: true,
        event_type: 'stream-end',
        response: { ...cohereCommandR.write(reply, modelId, request), meta },
        finish_reason: REASONS[reply.finish],
        ...invocationMetrics(reply),
      },
    ];
  },
};

/** Returns the conversation including the user's new message. */
function history(body: JsonObject): JsonObject[] {
  return [...arrayOf(body['chat_history']).map(objectOf), { role: 'USER', message: stringOf(body['message']) }];
}
