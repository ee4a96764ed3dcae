/** Collects the tool calls of a streamed answer in OpenAI's chat format. */

import { asNumber, asObject, asString, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { addPiece, type StreamedText } from './streamed-text.js';
import { StreamedMembers } from './streamed-value.js';

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

  add(piece: JsonObject): void {
    const { index, id, type, function: plain, custom, ...others } = piece;
    const { name, arguments: args, input, ...definition } = asObject(custom) ?? asObject(plain) ?? {};
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
    let call = this.#known(index, id, name);
    if (!call) {
      const others = new StreamedMembers();
      call = { index, id, name, type: undefined, others, definition: new StreamedMembers() };
      this.#calls.push(call);
    }
    call.id ??= id;
    call.name ??= name;
    return call;
  }

  /**
   * A piece belongs to the latest call with its index, or to the latest of all if it has none. Some hosts give all calls
   * the same index, so a further id or name opens a new call. Others send a fresh id with each piece, so an id without a
   * name opens none.
   */
  #known(index: number | undefined, id: string | undefined, name: string | undefined): ToolCall | undefined {
    const ofIndex = (call: ToolCall): boolean => index === undefined || call.index === index;
    const sameId = id === undefined ? undefined : this.#calls.find((call) => call.id === id && ofIndex(call));
    const latest = this.#calls.findLast(ofIndex);
    if (sameId || !latest) return sameId;
    const isOtherId = id !== undefined && latest.id !== undefined;
    if (isOtherId && (name !== undefined || index === undefined)) return undefined;
    const isOtherName = name !== undefined && latest.name !== undefined && latest.name !== name;
    return isOtherName && (latest.text || latest.json !== undefined) ? undefined : latest;
  }
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
