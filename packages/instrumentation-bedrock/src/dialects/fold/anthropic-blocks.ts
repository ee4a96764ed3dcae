/** Collects the content blocks of a streamed Anthropic message from their starts and deltas. */

import { asString, isObject, type JsonObject, type JsonValue, setMember } from '../../data/json.js';
import { IndexedParts } from './pieces/indexed-parts.js';
import { addPiece, type StreamedText } from './pieces/streamed-text.js';
import { StreamedMembers } from './pieces/streamed-value.js';
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
  partialJson?: StreamedText;
  citations?: JsonValue[];
  /** Text, thinking, and the members of unknown deltas. */
  readonly members: StreamedMembers;
}

function newBlock(start: JsonObject): Block {
  const type = asString(start['type']);
  return { start, type: type?.endsWith('_tool_use') ? 'tool_use' : type, members: new StreamedMembers() };
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
    if (name === 'partial_json' && typeof value === 'string') {
      block.partialJson = addPiece(block.partialJson, value);
    } else if (name === 'citation' && isObject(value)) {
      block.citations ??= [];
      block.citations.push(value);
    } else if (name !== 'type') {
      block.members.add(name, value);
    }
  }
}

function finishBlock({ start, type, partialJson, citations, members }: Block): JsonObject {
  const block: JsonObject = { type: type ?? 'text', ...start };
  const added = members.finish();
  for (const name of Object.keys(added)) {
    const value = added[name];
    setMember(block, name, typeof value === 'string' ? (asString(start[name]) ?? '') + value : value);
  }
  if (partialJson !== undefined) block['input'] = parseToolInput(partialJson.toString());
  if (citations !== undefined) block['citations'] = citations;
  return block;
}
