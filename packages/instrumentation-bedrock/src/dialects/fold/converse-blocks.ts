/** Collects the content blocks of a ConverseStream answer from their starts and deltas. */

import { asArray, asBytes, asObject, type JsonObject, type JsonValue, setMember } from '../../data/json.js';
import { IndexedParts } from './indexed-parts.js';
import { addPiece, type StreamedText } from './streamed-text.js';
import { parseToolInput } from './tool-input.js';

export class ConverseBlocks {
  readonly #isTextSplit: boolean;
  readonly #blocks = new IndexedParts<Block>();
  #latest: Block | undefined;

  /** @param isTextSplit see `ConverseFoldOptions`. */
  constructor({ isTextSplit }: { readonly isTextSplit: boolean }) {
    this.#isTextSplit = isTextSplit;
  }

  get size(): number {
    return this.#blocks.size;
  }

  start(index: JsonValue | undefined, start: JsonObject): void {
    startBlock(this.#blockAt(index), start);
  }

  addDelta(index: JsonValue | undefined, delta: JsonObject): void {
    addDelta(this.#blockAt(index, delta), delta);
  }

  /** Returns the blocks as the answer has them without streaming. */
  finish(): JsonObject[] {
    const content = this.#blocks.inOrder().map(finishBlock);
    return this.#isTextSplit ? mergeText(content) : content;
  }

  #blockAt(index: JsonValue | undefined, delta?: JsonObject): Block {
    let block = this.#blocks.get(index);
    if (!block) {
      // Join split text at once. One block for each piece would take many times the memory of the text.
      if (this.#isTextSplit && this.#latest && isTextOnly(this.#latest) && delta && isTextOnly(delta)) {
        return this.#latest;
      }
      block = {};
      this.#blocks.set(index, block);
    }
    this.#latest = block;
    return block;
  }
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
  redactedReasoning?: StreamedBytes;
  citations?: JsonValue[];
  /** Media and unknown members, by name. */
  others?: Map<string, StreamedMember>;
}

/** A member that is kept unchanged, except that the bytes of its `source` can arrive in pieces. */
interface StreamedMember {
  value: JsonValue | undefined;
  readonly bytes: StreamedBytes;
}

/**
 * Joins bytes that arrive in pieces. The SDK decodes the pieces of ConverseStream. A model's own JSON has base64 text,
 * and its pieces cannot be joined safely, so the last one counts.
 */
class StreamedBytes {
  #pieces: unknown[] = [];

  add(piece: unknown): void {
    if (asBytes(piece) && asBytes(this.#pieces[0])) this.#pieces.push(piece);
    else this.#pieces = [piece];
  }

  /** Returns bytes in the place of JSON. `toJson` encodes them. */
  finish(): JsonValue | undefined {
    const bytes = this.#pieces.map(asBytes).filter((piece) => piece !== undefined);
    return (bytes.length > 1 ? Buffer.concat(bytes) : this.#pieces[0]) as JsonValue | undefined;
  }
}

function isTextOnly(object: object): boolean {
  return 'text' in object && Object.keys(object).length === 1;
}

function startBlock(block: Block, start: JsonObject): void {
  for (const name of Object.keys(start)) {
    const member = asObject(start[name]);
    if (name === 'toolUse' && member) block.toolUse = { ...member };
    else if (name === 'toolResult' && member) block.toolResult = { ...member };
    else addOther(block, name, start[name]);
  }
}

function addDelta(block: Block, delta: JsonObject): void {
  const { text } = delta;
  // Nearly every delta has a piece of text and nothing else.
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
      addOther(block, name, value);
  }
}

function addReasoning(block: Block, { text, signature, redactedContent }: JsonObject): void {
  if (typeof text === 'string') block.reasoningText = addPiece(block.reasoningText, text);
  if (typeof signature === 'string') block.reasoningSignature = (block.reasoningSignature ?? '') + signature;
  if (redactedContent !== undefined) {
    block.redactedReasoning ??= new StreamedBytes();
    block.redactedReasoning.add(redactedContent);
  }
}

/** For media, the block's start has the format and its deltas have the bytes. */
function addOther(block: Block, name: string, value: JsonValue | undefined): void {
  block.others ??= new Map();
  let member = block.others.get(name);
  if (!member) {
    member = { value: undefined, bytes: new StreamedBytes() };
    block.others.set(name, member);
  }
  const known = asObject(member.value);
  const piece = asObject(value);
  member.value = known && piece ? { ...known, ...piece } : value;
  const bytes = asObject(piece?.['source'])?.['bytes'];
  if (bytes !== undefined) member.bytes.add(bytes);
}

function finishOthers(others: ReadonlyMap<string, StreamedMember>): JsonObject {
  const block: JsonObject = {};
  for (const [name, { value, bytes }] of others) {
    const media = asObject(value);
    const joined = bytes.finish();
    const source = { ...asObject(media?.['source']), bytes: joined };
    setMember(block, name, media && joined !== undefined ? { ...media, source } : value);
  }
  return block;
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
  if (block.redactedReasoning) return { reasoningContent: { redactedContent: block.redactedReasoning.finish() } };
  if (block.citations) {
    return { citationsContent: { content: [{ text: block.text?.toString() ?? '' }], citations: block.citations } };
  }
  if (block.text === undefined && block.others) return finishOthers(block.others);
  return { text: block.text?.toString() ?? '' };
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
