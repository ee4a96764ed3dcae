/** One content block of a ConverseStream answer while its start and deltas arrive. */

import { asArray, asMembers, asObject, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { LastMembers } from './pieces/last-members.js';
import { StreamedBytes } from './pieces/streamed-bytes.js';
import { addPiece, StreamedText } from './pieces/streamed-text.js';
import { StreamedMembers } from './pieces/streamed-value.js';
import { parseToolInput } from './tool-input.js';

export interface Block {
  /** The member of starts and deltas that belongs to this block, except for citations: they belong to a text. */
  readonly kind: string;
  /** The id of a tool call or tool result. */
  readonly id?: string | undefined;
  start?(value: JsonValue): void;
  add(value: JsonValue): void;
  /** Returns the block as the answer has it without streaming. */
  finish(): JsonObject;
}

/** Returns the kind of block to which the member of a delta belongs. */
export function kindOf(name: string, value: JsonValue): string {
  const isRedacted = name === 'reasoningContent' && asObject(value)?.['redactedContent'] !== undefined;
  return isRedacted ? 'redactedContent' : name;
}

export function createBlock(kind: string): Block {
  switch (kind) {
    case 'text':
      return new TextBlock();
    case 'toolUse':
      return new ToolUseBlock();
    case 'toolResult':
      return new ToolResultBlock();
    case 'reasoningContent':
      return new ReasoningBlock();
    case 'redactedContent':
      return new RedactedBlock();
    default:
      return new OtherBlock(kind);
  }
}

/** A text, and the citations that belong to it. */
export class TextBlock implements Block {
  readonly kind = 'text';
  readonly #text = new StreamedText();
  #citations: JsonValue[] | undefined;

  get hasCitations(): boolean {
    return this.#citations !== undefined;
  }

  add(value: JsonValue): void {
    if (typeof value === 'string') this.#text.add(value);
  }

  addCitation(value: JsonValue): void {
    this.#citations ??= [];
    this.#citations.push(value);
  }

  finish(): JsonObject {
    const text = this.#text.toString();
    return this.#citations ? { citationsContent: { content: [{ text }], citations: this.#citations } } : { text };
  }
}

class ToolUseBlock implements Block {
  readonly kind = 'toolUse';
  readonly #members = new LastMembers();
  #text: StreamedText | undefined;
  /** The input of a service that sends it whole. */
  #json: JsonValue | undefined;
  id: string | undefined;

  add(value: JsonValue): void {
    const members = asMembers(value);
    for (const name in members) {
      const member = members[name];
      if (name !== 'input') this.#members.add(name, member);
      else if (typeof member === 'string') this.#text = addPiece(this.#text, member);
      else this.#json = member;
    }
    this.id ??= asString(members['toolUseId']);
  }

  finish(): JsonObject {
    const toolUse = this.#members.finish();
    toolUse['input'] = this.#text ? parseToolInput(this.#text.toString()) : (this.#json ?? {});
    return { toolUse };
  }
}

class ToolResultBlock implements Block {
  readonly kind = 'toolResult';
  readonly #content: JsonValue[] = [];
  readonly #members = new LastMembers();
  id: string | undefined;

  start(value: JsonValue): void {
    this.#members.addAll(asMembers(value));
    this.id ??= asString(this.#members.get('toolUseId'));
  }

  add(value: JsonValue): void {
    // Spread arguments would overflow the stack for a long list.
    for (const item of asArray(value)) this.#content.push(item);
  }

  finish(): JsonObject {
    const toolResult = this.#members.finish();
    toolResult['content'] = this.#content;
    return { toolResult };
  }
}

class ReasoningBlock implements Block {
  readonly kind = 'reasoningContent';
  readonly #text = new StreamedText();
  readonly #others = new StreamedMembers();
  #signature: StreamedText | undefined;
  #hasText = false;

  add(value: JsonValue): void {
    const { text, signature, ...others } = asMembers(value);
    if (typeof text === 'string') {
      this.#hasText = true;
      this.#text.add(text);
    }
    if (typeof signature === 'string') this.#signature = addPiece(this.#signature, signature);
    this.#others.addAll(others);
  }

  finish(): JsonObject {
    const others = this.#others.finish();
    const isEmpty = !this.#hasText && this.#signature === undefined;
    if (isEmpty && this.#others.size > 0) return { reasoningContent: others };
    return {
      reasoningContent: {
        reasoningText: { text: this.#text.toString(), signature: this.#signature?.toString() },
        ...others,
      },
    };
  }
}

class RedactedBlock implements Block {
  readonly kind = 'redactedContent';
  readonly #bytes = new StreamedBytes();

  add(value: JsonValue): void {
    this.#bytes.add(asObject(value)?.['redactedContent']);
  }

  finish(): JsonObject {
    return { reasoningContent: { redactedContent: this.#bytes.finish() } };
  }
}

/** Media, whose start has the format and whose deltas have the bytes, and kinds of blocks that are not known. */
class OtherBlock implements Block {
  readonly kind: string;
  readonly #members = new StreamedMembers();

  constructor(kind: string) {
    this.kind = kind;
  }

  add(value: JsonValue): void {
    this.#members.add(this.kind, value);
  }

  finish(): JsonObject {
    return this.#members.finish();
  }
}
