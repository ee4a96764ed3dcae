/** The fold for the stream events of Anthropic's Messages. */

import { asObject, firstKey, type JsonObject, setMember } from '../../data/json.js';
import { AnthropicBlocks } from './anthropic-blocks.js';
import { StreamedMembers } from './pieces/streamed-value.js';
import { type FoldOptions, isOfService, type StreamFold } from './stream-fold.js';

export function createAnthropicFold({ content }: FoldOptions): StreamFold {
  let message: JsonObject | undefined;
  let stopped = false;
  const usage: JsonObject = {};
  const closing: JsonObject = {};
  const others = new StreamedMembers();
  const blocks = content ? new AnthropicBlocks() : undefined;

  return {
    add(event) {
      switch (event['type']) {
        case 'message_start':
          message = asObject(event['message']) ?? {};
          addKnown(usage, inputUsage(asObject(message['usage'])));
          break;
        case 'content_block_start':
          blocks?.start(event['index'], asObject(event['content_block']) ?? {});
          break;
        case 'content_block_delta':
          blocks?.addDelta(event['index'], asObject(event['delta']) ?? {});
          break;
        case 'message_delta':
          addKnown(closing, asObject(event['delta']));
          // Counts are cumulative, and newer models repeat the input counts. The last value replaces earlier ones.
          addKnown(usage, asObject(event['usage']));
          break;
        case 'message_stop':
          stopped = true;
          break;
        case 'content_block_stop':
          break;
        case 'ping':
        case 'error': // Read for every model.
          return;
        default:
          if (content) addUnknown(others, event);
          return;
      }
      if (content) addBeside(closing, event);
    },
    body() {
      const hasFacts = [usage, closing].some((members) => firstKey(members) !== undefined);
      if (!message && !hasFacts && !blocks?.size && others.size === 0) return undefined;
      const body: JsonObject = { role: 'assistant', ...message, ...closing };
      if (others.size > 0) body['otherEvents'] = others.finish();
      body['content'] = blocks?.finish() ?? [];
      const isFinal = stopped || closing['stop_reason'] !== undefined;
      const counts = isFinal ? usage : inputUsage(usage);
      if (firstKey(counts) !== undefined) body['usage'] = counts;
      else delete body['usage'];
      return body;
    },
    isComplete: () => stopped,
  };
}

/**
 * Leaves out the counts of output. Those of `message_start` are placeholders. Those of `message_delta` grow until one has
 * the stop reason.
 */
function inputUsage(usage: JsonObject = {}): JsonObject {
  const { output_tokens, output_tokens_details, iterations, ...input } = usage;
  return input;
}

function addKnown(target: JsonObject, source: JsonObject | undefined): void {
  if (!source) return;
  for (const key of Object.keys(source)) {
    const value = source[key];
    if (value !== null && value !== undefined) setMember(target, key, value);
  }
}

/** The members of events that the fold reads, and those of an answer that figures are read from. */
const READ = new Set(['type', 'index', 'message', 'content_block', 'delta', 'usage', 'id', 'model', 'stop_reason']);

/** Adds what stands beside a delta, such as `context_management`. An answer without streaming has it at its top level. */
function addBeside(target: JsonObject, event: JsonObject): void {
  for (const key in event) {
    const value = event[key];
    if (READ.has(key) || value === null || value === undefined || isOfService(key)) continue;
    setMember(target, key, value);
  }
}

/** Adds an event of a type that this package does not know, under its type. */
function addUnknown(others: StreamedMembers, { type, ...members }: JsonObject): void {
  if (typeof type === 'string') others.add(type, members);
}
