/** Folds the events of ConverseStream, and the chunks of Nova's own stream, into the answer without streaming. */

import {
  asArray,
  asBytes,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
  parseJson,
  setMembers,
} from '../data/json.js';
import type { StreamFold } from './dialect.js';
import { addPiece, type StreamedText } from './streamed-text.js';

/** An event is an object with one member, which names it. */
export function memberName(event: JsonObject): string | undefined {
  // Without an array of the names for each event.
  for (const name in event) return name;
  return undefined;
}

/** Nothing of the events that make up a content block. */
export function withoutBlocks(event: JsonObject): JsonObject | undefined {
  return memberName(event)?.startsWith('contentBlock') ? undefined : event;
}

/** @param isTextSplit a block of text may come as many, which are joined. */
export function createConverseFold({ isTextSplit }: { readonly isTextSplit: boolean }): StreamFold {
  let role: string | undefined;
  let stopped = false;
  let metadataSeen = false;
  const rest: JsonObject = {};
  // A map and not an array: the index is the service's figure and must not size anything here.
  const blocks = new Map<number, Block>();

  let latest: Block | undefined;
  const blockAt = (index: JsonValue | undefined, delta?: JsonObject): Block => {
    const key = asNumber(index) ?? 0;
    let block = blocks.get(key);
    if (!block) {
      // Text that goes on is joined at once: a block for each piece would take many times the memory of the text.
      if (isTextSplit && latest && isTextOnly(latest) && delta && memberName(delta) === 'text') return latest;
      block = {};
      blocks.set(key, block);
    }
    latest = block;
    return block;
  };

  const addOther = (event: JsonObject): void => {
    const start = asObject(event['messageStart']);
    if (start) role = asString(start['role']) ?? role;

    const blockStart = asObject(event['contentBlockStart']);
    if (blockStart) startBlock(blockAt(blockStart['contentBlockIndex']), asObject(blockStart['start']) ?? {});

    const stop = asObject(event['messageStop']);
    if (stop) {
      stopped = true;
      setMembers(rest, stop);
    }
    const metadata = asObject(event['metadata']);
    if (metadata) {
      metadataSeen = true;
      setMembers(rest, metadata);
    }
  };

  return {
    add(event) {
      // Nearly every event is this and nothing else.
      const blockDelta = asObject(event['contentBlockDelta']);
      if (blockDelta) {
        const delta = asObject(blockDelta['delta']) ?? {};
        addDelta(blockAt(blockDelta['contentBlockIndex'], delta), delta);
      } else addOther(event);
    },
    body() {
      if (role === undefined && blocks.size === 0 && !stopped && !metadataSeen) return undefined;
      const content = [...blocks.entries()].sort(([a], [b]) => a - b).map(([, block]) => finishBlock(block));
      if (isTextSplit) mergeText(content);
      const body: JsonObject = {};
      setMembers(body, rest);
      body['output'] = { message: { role: role ?? 'assistant', content } };
      return body;
    },
    isComplete: () => stopped && metadataSeen,
  };
}

/** A content block while its deltas arrive. */
interface Block {
  text?: StreamedText;
  toolUse?: JsonObject;
  toolInput?: StreamedText;
  toolResult?: JsonObject;
  toolResultContent?: JsonValue[];
  reasoningText?: StreamedText;
  reasoningSignature?: string;
  redactedReasoning?: JsonValue | undefined;
  citations?: JsonValue[];
  /** Members that are not known here, kept as they came. */
  other?: JsonObject;
}

function isTextOnly(block: Block): boolean {
  return block.text !== undefined && Object.keys(block).length === 1;
}

function startBlock(block: Block, start: JsonObject): void {
  const { toolUse, toolResult, ...other } = start;
  if (asObject(toolUse)) block.toolUse = { ...asObject(toolUse) };
  if (asObject(toolResult)) block.toolResult = { ...asObject(toolResult) };
  for (const name of Object.keys(other)) mergeMember(block, name, other[name]);
}

function addDelta(block: Block, delta: JsonObject): void {
  const { text } = delta;
  // Nearly every delta is this and nothing else.
  if (typeof text === 'string') block.text = addPiece(block.text, text);
  for (const name of Object.keys(delta)) {
    if (name !== 'text') addMember(block, name, delta[name]);
  }
}

function addMember(block: Block, name: string, value: JsonValue | undefined): void {
  switch (name) {
    case 'toolUse': {
      const input = asObject(value)?.['input'];
      if (typeof input === 'string') block.toolInput = addPiece(block.toolInput, input);
      break;
    }
    case 'toolResult':
      if (value === undefined) break;
      block.toolResultContent ??= [];
      block.toolResultContent.push(...asArray(value));
      break;
    case 'citation':
      if (value === undefined) break;
      block.citations ??= [];
      block.citations.push(value);
      break;
    case 'reasoningContent':
      addReasoning(block, asObject(value) ?? {});
      break;
    default:
      mergeMember(block, name, value);
  }
}

function addReasoning(block: Block, reasoning: JsonObject): void {
  if (typeof reasoning['text'] === 'string') block.reasoningText = addPiece(block.reasoningText, reasoning['text']);
  if (typeof reasoning['signature'] === 'string') {
    block.reasoningSignature = (block.reasoningSignature ?? '') + reasoning['signature'];
  }
  if (reasoning['redactedContent'] !== undefined) {
    block.redactedReasoning = joinBytes(block.redactedReasoning, reasoning['redactedContent']);
  }
}

/** Media: its format comes with the start, its bytes with the deltas. */
function mergeMember(block: Block, name: string, member: JsonValue | undefined): void {
  const known = asObject(block.other?.[name]);
  const piece = asObject(member);
  const bytes = joinBytes(asObject(known?.['source'])?.['bytes'], asObject(piece?.['source'])?.['bytes']);
  const source = bytes === undefined ? {} : { source: { ...asObject(piece?.['source']), bytes } };
  block.other = { ...block.other, [name]: known && piece ? { ...known, ...piece, ...source } : member };
}

/** Pieces of bytes, as the SDK gives them; base64 text that was cut anywhere cannot be joined, so the last piece stays. */
function joinBytes(known: unknown, piece: unknown): JsonValue | undefined {
  const before = asBytes(known);
  const more = asBytes(piece);
  // The SDK's objects hold bytes where JSON would have text; toJson() turns them into it.
  return (before && more ? Buffer.concat([before, more]) : (piece ?? known)) as JsonValue | undefined;
}

function finishBlock(block: Block): JsonObject {
  if (block.toolUse || block.toolInput !== undefined) {
    return { toolUse: { ...block.toolUse, input: parseToolInput(block.toolInput?.toString()) } };
  }
  if (block.toolResult || block.toolResultContent) {
    return { toolResult: { ...block.toolResult, content: block.toolResultContent ?? [] } };
  }
  if (block.reasoningText !== undefined || block.reasoningSignature !== undefined) {
    return {
      reasoningContent: {
        reasoningText: { text: block.reasoningText?.toString() ?? '', signature: block.reasoningSignature },
      },
    };
  }
  if (block.redactedReasoning !== undefined) return { reasoningContent: { redactedContent: block.redactedReasoning } };
  if (block.citations) {
    return { citationsContent: { content: [{ text: block.text?.toString() ?? '' }], citations: block.citations } };
  }
  if (block.text === undefined && block.other) return block.other;
  return { text: block.text?.toString() ?? '' };
}

/** Blocks of text that were opened one by one: whoever reads the answer wants the text of neighbours in one. */
function mergeText(content: JsonObject[]): void {
  let last: JsonObject | undefined;
  let kept = 0;
  for (const block of content) {
    if (typeof block['text'] === 'string' && typeof last?.['text'] === 'string') {
      last['text'] += block['text'];
    } else {
      content[kept++] = block;
      last = block;
    }
  }
  content.length = kept;
}

/** Arguments arrive as pieces of JSON text; a call without arguments has none. Broken text is kept as it came. */
export function parseToolInput(text: string | undefined): JsonValue {
  if (text === undefined || text === '') return {};
  return parseJson(text) ?? text;
}
