/** Decodes the bytes of server-sent events: the format in which OpenAI's APIs stream their answers. */

import { asBytes } from '../../data/json.js';

/** In characters. The data of a longer event is left out, as it would not fit into a record. */
const MAX_EVENT_LENGTH = 25_000_000;

/**
 * Gets the bytes of a stream in any pieces, and returns the data of each event as soon as it is complete. Names of events
 * are left out, because OpenAI's APIs repeat them in the data.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventDecoder {
  readonly #decoder = new TextDecoder();
  /** Pieces of a line that has not ended. */
  #line: string[] = [];
  /** The lines of data of an event that has not ended. */
  #data: string[] = [];
  /** Of both, in characters. */
  #length = 0;
  /** True if the text so far ends with a carriage return. A line feed after it belongs to the same end of a line. */
  #isAfterReturn = false;

  /** @param chunk bytes, or text, which the SDK accepts from the body of a mock; anything else is ignored. */
  decode(chunk: unknown): string[] {
    if (typeof chunk === 'string') return this.#add(chunk);
    const bytes = asBytes(chunk);
    return bytes ? this.#add(this.#decoder.decode(bytes, { stream: true })) : [];
  }

  /** Returns the last event if the empty line after it is missing. */
  end(): string[] {
    const events = this.#add(this.#decoder.decode());
    if (this.#line.length > 0) this.#endLine('', events);
    this.#endLine('', events);
    return events;
  }

  #add(text: string): string[] {
    const events: string[] = [];
    if (text === '') return events;
    const lines = (this.#isAfterReturn && text.startsWith('\n') ? text.slice(1) : text).split(/\r\n|[\r\n]/);
    this.#isAfterReturn = text.endsWith('\r');
    const rest = lines.pop() ?? '';
    for (const line of lines) this.#endLine(line, events);
    this.#keep(this.#line, rest);
    return events;
  }

  #endLine(end: string, events: string[]): void {
    const line = this.#line.length > 0 ? this.#line.join('') + end : end;
    this.#line = [];
    if (line === '') {
      if (this.#data.length > 0 && this.#length <= MAX_EVENT_LENGTH) events.push(this.#data.join('\n'));
      this.#data = [];
      this.#length = 0;
      return;
    }
    const data = /^data(?:: ?(.*))?$/s.exec(line);
    if (data) this.#keep(this.#data, data[1] ?? '');
  }

  #keep(pieces: string[], text: string): void {
    this.#length += text.length;
    if (this.#length <= MAX_EVENT_LENGTH && (text !== '' || pieces === this.#data)) pieces.push(text);
  }
}
