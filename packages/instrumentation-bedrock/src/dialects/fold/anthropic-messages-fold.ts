/** The fold for the stream events of Anthropic's Messages. */

import { asObject, asString, isObject, type JsonObject, type JsonValue, setMember } from '../../data/json.js';
import { IndexedParts } from './indexed-parts.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';
import { addPiece, type StreamedText } from './streamed-text.js';
import { parseToolInput } from './tool-input.js';

export function createAnthropicFold({ content }: FoldOptions): StreamFold {
  let message: JsonObject | undefined;
  let stopped = false;
  const usage: JsonObject = {};
  const closing: JsonObject = {};
  const blocks = content ? new IndexedParts<Block>() : undefined;

  return {
    add(event) {
      switch (event['type']) {
        case 'message_start':
          message = asObject(event['message']) ?? {};
          addKnown(usage, inputUsage(message));
          break;
        case 'content_block_start':
          blocks?.set(event['index'], { start: asObject(event['content_block']) ?? {} });
          break;
        case 'content_block_delta':
          addDelta(
            blocks?.at(event['index'], () => ({ start: {} })),
            asObject(event['delta']) ?? {},
          );
          break;
        case 'message_delta':
          addKnown(closing, asObject(event['delta']));
          // Counts are cumulative, and newer models repeat the input counts. The last value replaces earlier ones.
          addKnown(usage, asObject(event['usage']));
          break;
        case 'message_stop':
          stopped = true;
          break;
        default: // `content_block_stop`, `ping` and future events carry no content.
      }
    },
    body() {
      if (!message && !blocks?.size) return undefined;
      const body: JsonObject = { role: 'assistant', ...message, ...closing };
      body['content'] = blocks?.inOrder().map(finishBlock) ?? [];
      if (Object.keys(usage).length > 0) body['usage'] = usage;
      else delete body['usage'];
      return body;
    },
    isComplete: () => stopped,
  };
}

/** The counts of `message_start` without its output count, a placeholder. `message_delta` has the final one. */
function inputUsage(message: JsonObject): JsonObject {
  const { output_tokens, output_tokens_details, ...input } = asObject(message['usage']) ?? {};
  return input;
}

function addKnown(target: JsonObject, source: JsonObject | undefined): void {
  if (!source) return;
  for (const key of Object.keys(source)) {
    const value = source[key];
    if (value !== null && value !== undefined) setMember(target, key, value);
  }
}

/** A content block while its deltas arrive. */
interface Block {
  readonly start: JsonObject;
  text?: StreamedText;
  thinking?: StreamedText;
  signature?: string;
  partialJson?: StreamedText;
  citations?: JsonValue[];
}

function addDelta(block: Block | undefined, delta: JsonObject): void {
  if (!block) return;
  const text = asString(delta['text']);
  if (text !== undefined) block.text = addPiece(block.text, text);
  const thinking = asString(delta['thinking']);
  if (thinking !== undefined) block.thinking = addPiece(block.thinking, thinking);
  const signature = asString(delta['signature']);
  if (signature !== undefined) block.signature = (block.signature ?? '') + signature;
  const partialJson = asString(delta['partial_json']);
  if (partialJson !== undefined) block.partialJson = addPiece(block.partialJson, partialJson);
  if (isObject(delta['citation'])) {
    block.citations ??= [];
    block.citations.push(delta['citation']);
  }
}

function finishBlock({ start, text, thinking, signature, partialJson, citations }: Block): JsonObject {
  // The deltas show the type if the event that starts the block is missing.
  const type = thinking !== undefined ? 'thinking' : partialJson !== undefined ? 'tool_use' : 'text';
  const block: JsonObject = { type, ...start };
  if (text !== undefined) block['text'] = (asString(start['text']) ?? '') + text.toString();
  if (thinking !== undefined) block['thinking'] = (asString(start['thinking']) ?? '') + thinking.toString();
  if (signature !== undefined) block['signature'] = signature;
  if (partialJson !== undefined) block['input'] = parseToolInput(partialJson.toString());
  if (citations !== undefined) block['citations'] = citations;
  return block;
}
