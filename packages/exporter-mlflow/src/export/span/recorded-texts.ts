import type { Attributes } from '@opentelemetry/api';
import { describeFault } from '../../common/error.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import type { Show, ShownText } from '../../common/shown-text.js';

/** The texts that spans recorded: values of attributes, of events and links, and messages of states. */
export function* recordedTexts(spans: readonly ReadableSpan[]): Generator<string> {
  for (const { attributes, events, links, status } of spans) {
    if (status.message) yield status.message;
    yield* textsOf(attributes);
    for (const part of [...events, ...links]) yield* textsOf(part.attributes ?? {});
  }
}

/** The message of an unforeseen error, which may quote the spans. Never throws. */
export function describeWithoutQuotes(error: unknown, spans: readonly ReadableSpan[], show: Show): ShownText {
  try {
    return show(error instanceof Error ? error.message : String(error), () => recordedTexts(spans));
  } catch {
    // The spans cannot be read, or the error cannot.
    return describeFault(error);
  }
}

function* textsOf(attributes: Attributes): Generator<string> {
  for (const value of Object.values(attributes)) {
    for (const text of Array.isArray(value) ? value : [value]) if (typeof text === 'string') yield text;
  }
}
