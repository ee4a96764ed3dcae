import { numberOf, stringOf } from '../../../json.js';
import { plainConversation } from '../../../model/conversation.js';
import { type ChatDialect, pieceChunks } from './dialect.js';

const REASONS = { end: 'stop', tool: 'stop', length: 'length' } as const;

/** TwelveLabs Pegasus: one prompt about a video, which the answer does not look at. */
export const twelveLabsPegasus: ChatDialect = {
  kind: 'chat',
  read: (body) => plainConversation(stringOf(body['inputPrompt']), numberOf(body['maxOutputTokens'])),
  write: ({ text, finish }) => ({ message: text, finishReason: REASONS[finish] }),
  chunks: (reply) =>
    pieceChunks(reply, REASONS[reply.finish], (message, reason) => ({ message, stopReason: reason ?? '' })),
};
