import { type JsonObject, parseJson } from 'opentelemetry-instrumentation-bedrock/recording';
import type { BodyObserver } from './observed-body.js';

/** In characters. A longer answer without a stream is not recorded, and a longer line of a stream is left out. */
const MAX_LENGTH = 16_777_216;

/** Reads an answer that is one JSON object. */
export function jsonReader(onAnswer: (message: JsonObject) => void): BodyObserver {
  const decoder = new TextDecoder();
  let text = '';
  return {
    part(bytes) {
      if (text.length <= MAX_LENGTH) text += decoder.decode(bytes, { stream: true });
    },
    end() {
      const message = text.length <= MAX_LENGTH ? parseJson(text) : undefined;
      if (isObject(message)) onAnswer(message);
    },
  };
}

/** Reads the server-sent events of a streamed answer, each of which is a line with JSON. */
export function eventReader(onEvent: (event: JsonObject) => void, onEnd: () => void): BodyObserver {
  const decoder = new TextDecoder();
  let rest = '';
  const readLine = (line: string): void => {
    if (!line.startsWith('data:')) return;
    const event = parseJson(line.slice('data:'.length));
    if (isObject(event)) onEvent(event);
  };
  return {
    part(bytes) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r/);
      const last = lines.pop() ?? '';
      rest = last.length > MAX_LENGTH ? '' : last;
      for (const line of lines) readLine(line);
    },
    end() {
      readLine(rest);
      onEnd();
    },
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
