import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';

/** The texts that spans recorded: values of attributes, of events and links, and messages of states. */
export function* recordedTexts(spans: readonly ReadableSpan[]): Generator<string> {
  for (const { attributes, events, links, status } of spans) {
    if (status.message) yield status.message;
    yield* textsOf(attributes);
    for (const part of [...events, ...links]) yield* textsOf(part.attributes ?? {});
  }
}

function* textsOf(attributes: Attributes): Generator<string> {
  for (const value of Object.values(attributes)) {
    for (const text of Array.isArray(value) ? value : [value]) if (typeof text === 'string') yield text;
  }
}
