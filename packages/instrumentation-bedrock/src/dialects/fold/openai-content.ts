/** Collects the content of a streamed message in OpenAI's chat format: a text, or a list of items. */

import { asObjects, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { addPiece, StreamedText } from './pieces/streamed-text.js';
import { StreamedMembers } from './pieces/streamed-value.js';

/** Hosts send one item of text, and Magistral one of reasoning, as several consecutive items. This joins them. */
export class OpenAiContent {
  readonly #items: Items<StreamedThinking> = [];

  add(piece: JsonValue | undefined): void {
    if (typeof piece === 'string') addText(this.#items, piece);
    else for (const item of asObjects(piece)) this.#addItem(item);
  }

  /** Returns a text if the message has nothing else, and null if it has no content. */
  finish(): JsonValue {
    const [only] = this.#items;
    if (only === undefined) return null;
    if (only instanceof StreamedText && this.#items.length === 1) return only.toString();
    return finishItems(this.#items);
  }

  #addItem(item: JsonObject): void {
    const { thinking, ...others } = item;
    if (!Array.isArray(thinking)) {
      addPlain(this.#items, item);
      return;
    }
    let last = this.#items.at(-1);
    if (!(last instanceof StreamedThinking)) {
      last = new StreamedThinking();
      this.#items.push(last);
    }
    last.add(thinking, others);
  }
}

/** An item with reasoning, which is a list of items too. */
class StreamedThinking {
  readonly #items: Items<never> = [];
  readonly #others = new StreamedMembers();

  add(thinking: readonly JsonValue[], others: JsonObject): void {
    for (const item of thinking) addPlain(this.#items, item);
    this.#others.addAll(others);
  }

  finish(): JsonObject {
    return { ...this.#others.finish(), thinking: finishItems(this.#items) };
  }
}

/** Items of text are joined, other items stay as they are. */
type Items<Streamed> = (StreamedText | Streamed | { readonly whole: JsonValue })[];

function addText(items: Items<unknown>, piece: string): void {
  const last = items.at(-1);
  if (last instanceof StreamedText) last.add(piece);
  else items.push(addPiece(undefined, piece));
}

function addPlain(items: Items<unknown>, item: JsonValue): void {
  const text = textOf(item);
  if (text === undefined) items.push({ whole: item });
  else addText(items, text);
}

/** Returns the text of an item that has nothing else. */
function textOf(item: JsonValue): string | undefined {
  if (!isObject(item) || item['type'] !== 'text') return undefined;
  const { type, text, ...others } = item;
  return typeof text === 'string' && Object.keys(others).length === 0 ? text : undefined;
}

function finishItems(items: Items<StreamedThinking>): JsonValue[] {
  return items.map((item) => {
    if (item instanceof StreamedText) return { type: 'text', text: item.toString() };
    return item instanceof StreamedThinking ? item.finish() : item.whole;
  });
}
