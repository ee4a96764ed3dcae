import { digest } from '../digest.js';
import { CACHE_POINT, type Conversation, type PromptPart, type Reply, type ToolCall } from './conversation.js';
import { composeTurn } from './script.js';
import { countTokens, tokenize, toPieces } from './tokens.js';

export interface ScriptedModel {
  /** Answers a conversation. `pieces` replace the text, and then the request's token limit has no effect. */
  reply(modelId: string, conversation: Conversation, pieces?: readonly string[]): Reply;
}

/** Creates a model of scripted turns and counted tokens, with a prompt cache that lives as long as the simulator. */
export function createScriptedModel(): ScriptedModel {
  const cachedPrefixes = new Set<string>();
  return {
    reply(modelId, conversation, pieces) {
      const id = digest([modelId, conversation.prompt, conversation.messages]);
      const turn = pieces ? { text: pieces.join(''), toolCalls: [], quotes: [] } : composeTurn(conversation, id);
      const limit = pieces ? undefined : conversation.maxTokens;
      const cut = countOutput(turn.text, turn.toolCalls) > (limit ?? Number.POSITIVE_INFINITY);
      const text = cut ? tokenize(turn.text).slice(0, limit).join('') : turn.text;
      const toolCalls = cut ? [] : turn.toolCalls;
      const output = countOutput(text, toolCalls);
      return {
        id,
        text,
        pieces: pieces ?? toPieces(text),
        toolCalls,
        quotes: cut ? [] : turn.quotes,
        finish: cut ? 'length' : toolCalls.length > 0 ? 'tool' : 'end',
        usage: { ...countInput(modelId, conversation.prompt, cachedPrefixes), output },
        caching: conversation.prompt.includes(CACHE_POINT),
        latency: { firstByte: 20, total: 20 + 5 * output },
      };
    },
  };
}

/** Counts each text block separately, so that the counts of cached and other parts add up to the total. */
export function countPrompt(prompt: readonly PromptPart[]): number {
  return prompt.reduce((sum, part) => sum + (typeof part === 'string' ? countTokens(part) : 0), 0);
}

/** Reads the prefix up to the last known cache point, and writes the part from there to the last cache point. */
function countInput(modelId: string, prompt: readonly PromptPart[], cached: Set<string>) {
  let seen = 0;
  let cacheRead = 0;
  let cacheable = 0;
  prompt.forEach((part, index) => {
    if (typeof part === 'string') {
      seen += countTokens(part);
      return;
    }
    const prefix = digest([modelId, prompt.slice(0, index)]);
    if (cached.has(prefix)) cacheRead = seen;
    cached.add(prefix);
    cacheable = seen;
  });
  return { input: seen - cacheable, cacheRead, cacheWrite: cacheable - cacheRead };
}

function countOutput(text: string, toolCalls: readonly ToolCall[]): number {
  return toolCalls.reduce(
    (sum, call) => sum + countTokens(call.name) + countTokens(JSON.stringify(call.input)),
    countTokens(text),
  );
}
