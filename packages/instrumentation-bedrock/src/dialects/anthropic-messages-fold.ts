/** Folds Anthropic's stream events into a Messages answer. */

import { asNumber, asObject, asString, isObject, type JsonObject, type JsonValue, setMember } from '../data/json.js';
import { parseToolInput } from './converse-fold.js';
import type { StreamFold } from './dialect.js';
import { addPiece, type StreamedText } from './streamed-text.js';

interface Block {
  readonly start: JsonObject;
  text?: StreamedText;
  thinking?: StreamedText;
  signature?: string;
  partialJson?: StreamedText;
  citations?: JsonValue[];
}

export function createAnthropicFold(): StreamFold {
  let message: JsonObject | undefined;
  let stopped = false;
  const usage: JsonObject = {};
  const closing: JsonObject = {};
  const blocks = new Map<number, Block>();

  return {
    add(event) {
      switch (event['type']) {
        case 'message_start':
          message = asObject(event['message']) ?? {};
          addKnown(usage, asObject(message['usage']));
          break;
        case 'content_block_start':
          blocks.set(asNumber(event['index']) ?? 0, { start: asObject(event['content_block']) ?? {} });
          break;
        case 'content_block_delta':
          addDelta(blockAt(blocks, event['index']), asObject(event['delta']) ?? {});
          break;
        case 'message_delta':
          addKnown(closing, asObject(event['delta']));
          // Cumulative, and newer models repeat the input counts here: the last figure replaces, it never adds.
          addKnown(usage, asObject(event['usage']));
          break;
        case 'message_stop':
          stopped = true;
          break;
        default: // `content_block_stop`, `ping` and events to come carry no content.
      }
    },
    body() {
      if (!message && blocks.size === 0) return undefined;
      const content = [...blocks.entries()].sort(([a], [b]) => a - b).map(([, block]) => finishBlock(block));
      const body: JsonObject = { role: 'assistant', ...message, ...closing, content };
      if (Object.keys(usage).length > 0) body['usage'] = usage;
      return body;
    },
    isComplete: () => stopped,
  };
}

function blockAt(blocks: Map<number, Block>, index: JsonValue | undefined): Block {
  const key = asNumber(index) ?? 0;
  const known = blocks.get(key);
  if (known) return known;
  const block: Block = { start: {} };
  blocks.set(key, block);
  return block;
}

function addKnown(target: JsonObject, source: JsonObject | undefined): void {
  if (!source) return;
  for (const key of Object.keys(source)) {
    const value = source[key];
    if (value !== null && value !== undefined) setMember(target, key, value);
  }
}

function addDelta(block: Block, delta: JsonObject): void {
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
  // A block whose start was lost still is what its deltas say.
  const type = thinking !== undefined ? 'thinking' : partialJson !== undefined ? 'tool_use' : 'text';
  const block: JsonObject = { type, ...start };
  if (text !== undefined) block['text'] = (asString(start['text']) ?? '') + text.toString();
  if (thinking !== undefined) block['thinking'] = (asString(start['thinking']) ?? '') + thinking.toString();
  if (signature !== undefined) block['signature'] = signature;
  if (partialJson !== undefined) block['input'] = parseToolInput(partialJson.toString());
  if (citations !== undefined) block['citations'] = citations;
  return block;
}
