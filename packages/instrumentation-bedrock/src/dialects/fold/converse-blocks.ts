/** Collects the content blocks of a ConverseStream answer from their starts and deltas. */

import { asObject, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import { type Block, createBlock, kindOf, TextBlock } from './converse-block.js';
import { IndexedParts } from './pieces/indexed-parts.js';

/**
 * What arrived under one index. A service can send several blocks under one index: a text beside a tool call, or each
 * block of the answer.
 */
interface Slot {
  readonly blocks: Block[];
  /** The position of the latest block of each kind. */
  readonly latest: Map<string, number>;
  /** How many of the blocks are complete. */
  closed: number;
}

/** The start of a block, which belongs to no block that is complete or has another id. */
interface Start {
  readonly id: string | undefined;
}

export class ConverseBlocks {
  readonly #isTextSplit: boolean;
  readonly #slots = new IndexedParts<Slot>();
  #latest: Block | undefined;

  /** @param isTextSplit see `ConverseFoldOptions`. */
  constructor({ isTextSplit }: { readonly isTextSplit: boolean }) {
    this.#isTextSplit = isTextSplit;
  }

  get size(): number {
    return this.#slots.size;
  }

  start(index: JsonValue | undefined, start: JsonObject): void {
    const members = unwrapUnknown(start);
    for (const kind of Object.keys(members)) {
      const value = members[kind];
      if (value === undefined || value === null) continue;
      const block = this.#blockAt(index, kind, { id: asString(asObject(value)?.['toolUseId']) });
      if (block.start) block.start(value);
      else block.add(value);
    }
  }

  addDelta(index: JsonValue | undefined, delta: JsonObject): void {
    const { text } = delta;
    // Nearly every delta has a piece of text and nothing else.
    if (typeof text === 'string') this.#textAt(index).add(text);
    const members = '$unknown' in delta ? unwrapUnknown(delta) : delta;
    for (const name in members) {
      if (name !== 'text') this.#addMember(index, name, members[name]);
    }
  }

  stop(index: JsonValue | undefined): void {
    const slot = this.#slots.get(index);
    if (slot) slot.closed = slot.blocks.length;
  }

  /** Returns the blocks as the answer has them without streaming. */
  finish(): JsonObject[] {
    const content = this.#slots.inOrder().flatMap(({ blocks }) => blocks.map((block) => block.finish()));
    return this.#isTextSplit ? mergeText(content) : content;
  }

  #addMember(index: JsonValue | undefined, name: string, value: JsonValue | undefined): void {
    if (value === undefined || value === null) return;
    if (name === 'citation') (this.#blockAt(index, 'text') as TextBlock).addCitation(value);
    else this.#blockAt(index, kindOf(name, value)).add(value);
  }

  #textAt(index: JsonValue | undefined): Block {
    // Join split text at once. One block for each piece would take many times the memory of the text.
    const latest = this.#latest;
    const isSplit = this.#isTextSplit && latest instanceof TextBlock && !latest.hasCitations;
    return isSplit && !this.#slots.get(index) ? latest : this.#blockAt(index, 'text');
  }

  #blockAt(index: JsonValue | undefined, kind: string, start?: Start): Block {
    const slot = this.#slots.at(index, () => ({ blocks: [], latest: new Map<string, number>(), closed: 0 }));
    const position = slot.latest.get(kind) ?? -1;
    let block = slot.blocks[position];
    if (!block || !accepts(slot, position, block, start)) {
      block = createBlock(kind);
      slot.latest.set(kind, slot.blocks.length);
      slot.blocks.push(block);
    }
    this.#latest = block;
    return block;
  }
}

/** @param position the position of the block, which is the latest of its kind. */
function accepts({ blocks, closed }: Slot, position: number, block: Block, start: Start | undefined): boolean {
  const isComplete = position < closed;
  if (isComplete && position < blocks.length - 1) return false;
  // Some services send pieces after the end of their block.
  if (!start) return true;
  return start.id === undefined || block.id === undefined ? !isComplete : start.id === block.id;
}

/** Joins neighbouring blocks of text that arrived out of order. */
function mergeText(content: readonly JsonObject[]): JsonObject[] {
  const merged: JsonObject[] = [];
  for (const block of content) {
    const last = merged.at(-1);
    if (typeof block['text'] === 'string' && typeof last?.['text'] === 'string') last['text'] += block['text'];
    else merged.push(block);
  }
  return merged;
}
