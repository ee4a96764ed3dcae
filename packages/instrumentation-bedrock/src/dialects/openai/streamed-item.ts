/** One item of an answer of OpenAI's Responses API while its events arrive. */

import { asMembers, asObject, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { IndexedParts } from '../fold/pieces/indexed-parts.js';
import { addPiece, type StreamedText } from '../fold/pieces/streamed-text.js';

/** Where a delta belongs. */
interface Target {
  /** The type of the item, if no event has opened it. */
  readonly item: string;
  /** The list of the item that has the part; absent if the text is a member of the item itself. */
  readonly list?: 'content' | 'summary';
  /** The type of the part, if no event has opened it. */
  readonly type?: string;
  /** The member with the text. */
  readonly member: string;
}

const TARGETS: ReadonlyMap<string, Target> = new Map(
  Object.entries({
    'response.output_text.delta': { item: 'message', list: 'content', type: 'output_text', member: 'text' },
    'response.refusal.delta': { item: 'message', list: 'content', type: 'refusal', member: 'refusal' },
    'response.reasoning_text.delta': { item: 'reasoning', list: 'content', type: 'reasoning_text', member: 'text' },
    'response.reasoning_summary_text.delta': {
      item: 'reasoning',
      list: 'summary',
      type: 'summary_text',
      member: 'text',
    },
    'response.function_call_arguments.delta': { item: 'function_call', member: 'arguments' },
    'response.mcp_call_arguments.delta': { item: 'mcp_call', member: 'arguments' },
    'response.custom_tool_call_input.delta': { item: 'custom_tool_call', member: 'input' },
    'response.code_interpreter_call_code.delta': { item: 'code_interpreter_call', member: 'code' },
  } satisfies Record<string, Target>),
);

/** Names of the item's lists in the order in which they are written, with the member of an event that is the index. */
const LISTS = { content: 'content_index', summary: 'summary_index' } as const;

export class StreamedItem {
  #item: JsonObject = {};
  /** As a delta shows it. */
  #type: string | undefined;
  /** True if an event had the whole item. */
  #isDone = false;
  readonly #content = new IndexedParts<StreamedPart>();
  readonly #summary = new IndexedParts<StreamedPart>();
  readonly #texts = new Map<string, StreamedText>();

  /** @param type of the event. */
  add(type: string, event: JsonObject): void {
    if (this.#isDone) return;
    const target = TARGETS.get(type);
    if (target) {
      const delta = asString(event['delta']);
      if (delta !== undefined) this.#addDelta(target, event, delta);
      return;
    }
    switch (type) {
      case 'response.output_item.added':
        this.#item = asMembers(event['item']);
        break;
      case 'response.output_item.done':
        this.#item = asObject(event['item']) ?? this.finish() ?? {};
        this.#isDone = true;
        break;
      case 'response.content_part.added':
      case 'response.content_part.done':
        this.#partAt('content', event).replace(asObject(event['part']));
        break;
      case 'response.reasoning_summary_part.added':
      case 'response.reasoning_summary_part.done':
        this.#partAt('summary', event).replace(asObject(event['part']));
        break;
      case 'response.output_text.annotation.added':
        this.#partAt('content', event).addAnnotation(event['annotation']);
        break;
      default: // Other events repeat what was sent, or report the progress of a tool.
    }
  }

  /** Returns the item as an answer without streaming has it; undefined if nothing of it is known. */
  finish(): JsonObject | undefined {
    if (this.#isDone) return this.#item;
    const item: JsonObject = { ...(this.#type !== undefined && { type: this.#type }), ...this.#item };
    for (const [member, text] of this.#texts) item[member] = text.toString();
    if (this.#content.size > 0) item['content'] = this.#content.inOrder().map((part) => part.finish());
    if (this.#summary.size > 0) item['summary'] = this.#summary.inOrder().map((part) => part.finish());
    return Object.keys(item).length > 0 ? item : undefined;
  }

  #addDelta({ item, list, type, member }: Target, event: JsonObject, delta: string): void {
    this.#type ??= item;
    if (list) this.#partAt(list, event, type).add(member, delta);
    else this.#texts.set(member, addPiece(this.#texts.get(member), delta));
  }

  #partAt(list: keyof typeof LISTS, event: JsonObject, type?: string): StreamedPart {
    const parts = list === 'content' ? this.#content : this.#summary;
    return parts.at(event[LISTS[list]], () => new StreamedPart(type));
  }
}

class StreamedPart {
  #part: JsonObject;
  #member: string | undefined;
  #text: StreamedText | undefined;
  readonly #annotations: JsonValue[] = [];

  constructor(type: string | undefined) {
    this.#part = type === undefined ? {} : { type };
  }

  /** Takes the part of an event that opens or closes it. A closing event has the whole text. */
  replace(part: JsonObject | undefined): void {
    if (!part) return;
    this.#part = part;
    this.#text = undefined;
  }

  add(member: string, piece: string): void {
    this.#member = member;
    this.#text = addPiece(this.#text, piece);
  }

  addAnnotation(annotation: JsonValue | undefined): void {
    if (annotation !== undefined) this.#annotations.push(annotation);
  }

  finish(): JsonObject {
    const part = { ...this.#part };
    if (this.#member !== undefined && this.#text) part[this.#member] = this.#text.toString();
    const known = part['annotations'];
    const isKnown = Array.isArray(known) && known.length > 0;
    if (this.#annotations.length > 0 && !isKnown) part['annotations'] = [...this.#annotations];
    return part;
  }
}
