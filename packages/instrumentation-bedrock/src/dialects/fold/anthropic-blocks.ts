/** Collects the content blocks of a streamed Anthropic message from their starts and deltas. */

import { asString, isObject, type JsonObject, type JsonValue, setMember } from '../../data/json.js';
import { IndexedParts } from './pieces/indexed-parts.js';
import { addPiece, type StreamedText } from './pieces/streamed-text.js';
import { StreamedMembers } from './pieces/streamed-value.js';
import { parseToolInput } from './tool-input.js';

export class AnthropicBlocks {
  /** Some services reuse the index of a block for the next one. */
  readonly #slots = new IndexedParts<Slot>();

  get size(): number {
    return this.#slots.size;
  }

  start(index: JsonValue | undefined, start: JsonObject): void {
    this.#at(index).add(newBlock(start));
  }

  addDelta(index: JsonValue | undefined, delta: JsonObject): void {
    addMembers(this.#at(index).blockOf(blockType(delta)), delta);
  }

  /** Returns the blocks as the answer has them without streaming. */
  finish(): JsonObject[] {
    return this.#slots.inOrder().flatMap(({ blocks }) => blocks.map(finishBlock));
  }

  #at(index: JsonValue | undefined): Slot {
    return this.#slots.at(index, () => new Slot());
  }
}

/** Blocks of these types have deltas of their own type only. Other blocks accept any delta. */
type OwnType = 'text' | 'thinking' | 'tool_use';
const OWN_DELTAS: ReadonlySet<string> = new Set<OwnType>(['text', 'thinking', 'tool_use']);

function hasOwnDeltas(type: string | undefined): type is OwnType {
  return type !== undefined && OWN_DELTAS.has(type);
}

/** The blocks under one index. A delta belongs to the latest block that accepts it, which is found without a search. */
class Slot {
  readonly blocks: Block[] = [];
  /** The position of the latest block of each type that has deltas of its own; -1 if there is none. */
  readonly #ownDeltas: Record<OwnType, number> = { text: -1, thinking: -1, tool_use: -1 };
  /** The positions of the blocks that accept any delta. A block without a type can still get one of the types above. */
  readonly #anyDelta: number[] = [];

  add(block: Block): Block {
    this.#note(block.type, this.blocks.length);
    this.blocks.push(block);
    return block;
  }

  /** Returns the block to which a delta belongs. Opens it if its start is missing. */
  blockOf(type: string): Block {
    const position = this.#positionOf(type);
    const block = this.blocks[position] ?? this.add(newBlock({ type }));
    if (block.type === undefined) {
      block.type = type;
      this.#anyDelta.pop(); // The block is the latest of these.
      this.#note(type, position);
    }
    return block;
  }

  /** Returns -1 if no block accepts deltas of this type. */
  #positionOf(type: string): number {
    if (!hasOwnDeltas(type)) return this.blocks.length - 1;
    return Math.max(this.#ownDeltas[type], this.#anyDelta.at(-1) ?? -1);
  }

  #note(type: string | undefined, position: number): void {
    if (hasOwnDeltas(type)) this.#ownDeltas[type] = position;
    else this.#anyDelta.push(position);
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
