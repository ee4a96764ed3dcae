/** Server-sent events: the format in which agents stream their answers. */

import { type JsonObject, type JsonValue, parseJson } from '../../data/json.js';

/**
 * Returns the data of each event: JSON, or else text. An event with a name is an object with the name and the data.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function readServerSentEvents(text: string): JsonValue[] {
  const events: JsonValue[] = [];
  let data: string[] = [];
  let name: string | undefined;
  const finish = (): void => {
    if (data.length > 0) events.push(readEvent(data.join('\n'), name));
    data = [];
    name = undefined;
  };
  for (const line of text.split(/\r\n|[\r\n]/)) {
    const [, field, value = ''] = /^(data|event)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (line === '') finish();
    else if (field === 'data') data.push(value);
    else if (field === 'event') name = value;
  }
  // A stream that was cut off has no empty line after its last event.
  finish();
  return events;
}

function readEvent(text: string, event: string | undefined): JsonValue {
  const data = parseJson(text) ?? text;
  return event === undefined || event === 'message' ? data : ({ event, data } satisfies JsonObject);
}

/** Returns one text if every event is text: the pieces of an answer. */
export function joinTexts(events: readonly JsonValue[]): JsonValue {
  const texts = events.filter((event) => typeof event === 'string');
  return texts.length > 0 && texts.length === events.length ? texts.join('') : [...events];
}
