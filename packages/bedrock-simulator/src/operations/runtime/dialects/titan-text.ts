import { type JsonObject, numberOf, objectOf, stringOf } from '../../../json.js';
import { plainConversation } from '../../../model/conversation.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';

const REASONS = { end: 'FINISH', tool: 'FINISH', length: 'LENGTH' } as const;

/** Amazon Titan Text: one prompt, no tools. */
export const titanText: ChatDialect = {
  kind: 'chat',
  read(body) {
    return plainConversation(
      stringOf(body['inputText']),
      numberOf(objectOf(body['textGenerationConfig'])['maxTokenCount']),
    );
  },
  write({ text, usage, finish }) {
    return {
      inputTextTokenCount: usage.input,
      results: [{ tokenCount: usage.output, outputText: text, completionReason: REASONS[finish] }],
    };
  },
  /** Only the first chunk has the input count, and only the last one has the output count and the reason. */
  chunks(reply) {
    const { pieces, usage, finish } = reply;
    const last = Math.max(0, pieces.length - 1);
    return (pieces.length > 0 ? pieces : ['']).map(
      (outputText, index): JsonObject => ({
        outputText,
        index: 0,
        totalOutputTextTokenCount: index === last ? usage.output : null,
        completionReason: index === last ? REASONS[finish] : null,
        inputTextTokenCount: index === 0 ? usage.input : null,
        ...(index === last ? invocationMetrics(reply) : {}),
      }),
    );
  },
};
