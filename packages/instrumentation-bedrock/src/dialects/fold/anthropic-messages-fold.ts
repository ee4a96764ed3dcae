/** The fold for the stream events of Anthropic's Messages. */

import { asMembers, asObject, firstKey, type JsonObject } from '../../data/json.js';
import { AnthropicBlocks } from './anthropic-blocks.js';
import { LastMembers } from './pieces/last-members.js';
import { StreamedMembers } from './pieces/streamed-value.js';
import { type FoldOptions, isOfService, type StreamFold } from './stream-fold.js';

export function createAnthropicFold({ content }: FoldOptions): StreamFold {
  let message: JsonObject | undefined;
  let stopped = false;
  const usage = new LastMembers();
  const closing = new LastMembers();
  const others = new StreamedMembers();
  const blocks = content ? new AnthropicBlocks() : undefined;

  return {
    add(event) {
      switch (event['type']) {
        case 'message_start':
          message = content ? asMembers(event['message']) : factsOf(asObject(event['message']));
          addKnown(usage, inputUsage(asObject(message['usage'])));
          break;
        case 'content_block_start':
          blocks?.start(event['index'], asMembers(event['content_block']));
          break;
        case 'content_block_delta':
          blocks?.addDelta(event['index'], asMembers(event['delta']));
          break;
        case 'message_delta':
          addKnown(closing, content ? asObject(event['delta']) : factsOf(asObject(event['delta'])));
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
      if (!message && usage.size === 0 && closing.size === 0 && !blocks?.size && others.size === 0) return undefined;
      const body: JsonObject = { role: 'assistant', ...message };
      closing.writeTo(body);
      if (others.size > 0) body['otherEvents'] = others.finish();
      body['content'] = blocks?.finish() ?? [];
      const isFinal = stopped || closing.get('stop_reason') !== undefined;
      const counts = isFinal ? usage.finish() : inputUsage(usage.finish());
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

/** Members of messages that figures and facts are read from. */
const FACTS = new Set(['id', 'model', 'role', 'stop_reason', 'usage']);

function factsOf(message: JsonObject = {}): JsonObject {
  const facts: JsonObject = {};
  for (const name of FACTS) if (message[name] !== undefined) facts[name] = message[name];
  return facts;
}

function addKnown(target: LastMembers, source: JsonObject | undefined): void {
  for (const name in source) target.addKnown(name, source[name]);
}

/** The members of events that the fold reads, and those of an answer that figures are read from. */
const READ = new Set(['type', 'index', 'message', 'content_block', 'delta', 'usage', 'id', 'model', 'stop_reason']);

/** Adds what stands beside a delta, such as `context_management`. An answer without streaming has it at its top level. */
function addBeside(target: LastMembers, event: JsonObject): void {
  for (const name in event) if (!READ.has(name) && !isOfService(name)) target.addKnown(name, event[name]);
}

/** Adds an event of a type that this package does not know, under its type. */
function addUnknown(others: StreamedMembers, { type, ...members }: JsonObject): void {
  if (typeof type === 'string') others.add(type, members);
}
