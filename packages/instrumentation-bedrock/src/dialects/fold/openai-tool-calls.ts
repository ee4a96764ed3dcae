/** Collects the tool calls of a streamed answer in OpenAI's chat format. */

import { asMembers, asNumber, asObject, asString, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { addPiece, type StreamedText } from './pieces/streamed-text.js';
import { StreamedMembers } from './pieces/streamed-value.js';

interface ToolCall {
  readonly index: number | undefined;
  id: string | undefined;
  name: string | undefined;
  /** `function`, or `custom` for a tool whose input is free text. */
  type: string | undefined;
  /** JSON text of a function's arguments, or the input of a custom tool. */
  text?: StreamedText;
  /** Arguments that a host sends as JSON. */
  json?: JsonValue;
  /** What the call and its definition have beside these. */
  readonly others: StreamedMembers;
  readonly definition: StreamedMembers;
}

export class OpenAiToolCalls {
  readonly #calls: ToolCall[] = [];
  readonly #latestAtIndex = new Map<number | undefined, ToolCall>();
  readonly #latestWithId = new Map<string, ToolCall>();

  add(piece: JsonObject): void {
    const { index, id, type, function: plain, custom, ...others } = piece;
    const { name, arguments: args, input, ...definition } = asObject(custom) ?? asMembers(plain);
    const call = this.#callOf(asNumber(index), nonEmpty(id), nonEmpty(name));
    call.type ??= isObject(custom) ? 'custom' : nonEmpty(type);
    call.others.addAll(others);
    call.definition.addAll(definition);
    const value = args ?? input;
    if (typeof value === 'string') call.text = addPiece(call.text, value);
    else if (value !== null && value !== undefined) call.json = value;
  }

  /** Returns the calls as an answer has them without streaming. */
  finish(): JsonValue[] {
    return [...this.#calls].sort((a, b) => (a.index ?? 0) - (b.index ?? 0)).map(finishCall);
  }

  #callOf(index: number | undefined, id: string | undefined, name: string | undefined): ToolCall {
    const call = this.#known(index, id, name) ?? this.#open(index);
    call.id ??= id;
    call.name ??= name;
    if (id !== undefined && call.id === id) {
      this.#latestWithId.set(keyOf(index, id), call);
      this.#latestWithId.set(keyOf(undefined, id), call);
    }
    return call;
  }

  #open(index: number | undefined): ToolCall {
    const others = new StreamedMembers();
    const definition = new StreamedMembers();
    const call = { index, id: undefined, name: undefined, type: undefined, others, definition };
    this.#calls.push(call);
    this.#latestAtIndex.set(index, call);
    return call;
  }

  /**
   * A piece belongs to the call with its id, else to the latest call with its index, or to the latest of all if it has no
   * index. Some hosts give all calls the same index or id, so a further id or name opens a new call. Others send a fresh id
   * with each piece, so an id without a name opens none.
   */
  #known(index: number | undefined, id: string | undefined, name: string | undefined): ToolCall | undefined {
    const sameId = id === undefined ? undefined : this.#latestWithId.get(keyOf(index, id));
    const known = sameId ?? (index === undefined ? this.#calls.at(-1) : this.#latestAtIndex.get(index));
    if (!known) return undefined;
    const isOtherId = id !== undefined && known.id !== undefined && known.id !== id;
    if (isOtherId && (name !== undefined || index === undefined)) return undefined;
    const isOtherName = name !== undefined && known.name !== undefined && known.name !== name;
    return isOtherName && (known.text || known.json !== undefined) ? undefined : known;
  }
}

function keyOf(index: number | undefined, id: string): string {
  return `${index ?? ''} ${id}`;
}

function finishCall({ id, name, type = 'function', text, json = '', others, definition }: ToolCall): JsonObject {
  const input = text?.toString() ?? json;
  const rest = definition.finish();
  const called =
    type === 'custom' ? { custom: { name, input, ...rest } } : { function: { name, arguments: input, ...rest } };
  return { id, type, ...called, ...others.finish() };
}

/** Some hosts repeat ids and names as empty texts. */
function nonEmpty(value: JsonValue | undefined): string | undefined {
  return asString(value) || undefined;
}
