/** Collects the content blocks of a streamed Anthropic message from their starts and deltas. */

import { asObject, asString, isObject, type JsonObject, type JsonValue, setMember } from '../../data/json.js';
import { IndexedParts } from './indexed-parts.js';
import { addPiece, type StreamedText } from './streamed-text.js';
import { parseToolInput } from './tool-input.js';

export class AnthropicBlocks {
  /** A list for each index: some services reuse the index of a block for the next one. */
  readonly #blocks = new IndexedParts<Block[]>();

  get size(): number {
    return this.#blocks.size;
  }

  start(index: JsonValue | undefined, start: JsonObject): void {
    this.#at(index).push(newBlock(start));
  }

  addDelta(index: JsonValue | undefined, delta: JsonObject): void {
    const blocks = this.#at(index);
    const type = blockType(delta);
    let block = blocks.findLast((each) => accepts(each, type));
    if (!block) {
      block = newBlock({ type });
      blocks.push(block);
    }
    block.type ??= type;
    addMembers(block, delta);
  }

  /** Returns the blocks as the answer has them without streaming. */
  finish(): JsonObject[] {
    return this.#blocks.inOrder().flat().map(finishBlock);
  }

  #at(index: JsonValue | undefined): Block[] {
    return this.#blocks.at(index, () => []);
  }
}

/** A content block while its deltas arrive. */
interface Block {
  readonly start: JsonObject;
  /** `tool_use` for all kinds of tool calls. A block that started without a type gets that of its first delta. */
  type: string | undefined;
  /** Texts by the name of their member. */
  texts?: Map<string, StreamedText>;
  partialJson?: StreamedText;
  citations?: JsonValue[];
  /** Members of unknown deltas that are no text. */
  others?: JsonObject;
}

function newBlock(start: JsonObject): Block {
  const type = asString(start['type']);
  return { start, type: type?.endsWith('_tool_use') ? 'tool_use' : type };
}

/** The blocks of the deltas that are not named after their block. */
const BLOCK_TYPES: Readonly<Record<string, string>> = {
  signature_delta: 'thinking',
  input_json_delta: 'tool_use',
  citations_delta: 'text',
};

const SUFFIX = '_delta';

/** Returns the type of the block to which a delta belongs. */
function blockType(delta: JsonObject): string {
  const type = asString(delta['type']) ?? 'text';
  return BLOCK_TYPES[type] ?? (type.endsWith(SUFFIX) ? type.slice(0, -SUFFIX.length) : type);
}

/** Blocks of these types have deltas of their own type only. Other blocks accept any delta. */
const OWN_DELTAS = new Set(['text', 'thinking', 'tool_use']);

function accepts(block: Block, type: string): boolean {
  return block.type === type || block.type === undefined || !OWN_DELTAS.has(block.type) || !OWN_DELTAS.has(type);
}

function addMembers(block: Block, delta: JsonObject): void {
  for (const name in delta) {
    const value = delta[name];
    if (name === 'type' || value === null || value === undefined) continue;
    if (name === 'partial_json' && typeof value === 'string') {
      block.partialJson = addPiece(block.partialJson, value);
    } else if (name === 'citation' && isObject(value)) {
      block.citations ??= [];
      block.citations.push(value);
    } else if (typeof value === 'string') {
      block.texts ??= new Map();
      block.texts.set(name, addPiece(block.texts.get(name), value));
    } else {
      block.others ??= {};
      setMember(block.others, name, joined(block.others[name], value));
    }
  }
}

function joined(known: JsonValue | undefined, piece: JsonValue): JsonValue {
  if (Array.isArray(known) && Array.isArray(piece)) return [...known, ...piece];
  const members = asObject(known);
  return members && isObject(piece) ? { ...members, ...piece } : piece;
}

function finishBlock({ start, type, texts, partialJson, citations, others }: Block): JsonObject {
  const block: JsonObject = { type: type ?? 'text', ...start, ...others };
  for (const [name, text] of texts ?? []) setMember(block, name, (asString(start[name]) ?? '') + text.toString());
  if (partialJson !== undefined) block['input'] = parseToolInput(partialJson.toString());
  if (citations !== undefined) block['citations'] = citations;
  return block;
}
