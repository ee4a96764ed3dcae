import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { nameOfError } from '../../common/error.js';
import type { ReadableSpan, SpanResource } from '../../common/sdk-types.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { columnText } from '../../common/text.js';
import { isPromise } from './callback.js';
import { copySpan } from './span.js';

/**
 * Returns what MLflow gets in place of a recorded value: the value itself, another one, or undefined to leave it out.
 * `key` is the name of an attribute of the span, its events, its links or its resource, or `otel.status_description` for
 * the message of its status.
 */
export type Mask = (key: string, value: AttributeValue, span: ReadableSpan) => AttributeValue | undefined;

/** The name by https://opentelemetry.io/docs/specs/otel/common/mapping-to-non-otlp/#span-status. */
const STATUS_KEY = 'otel.status_description';

/** Replaces the values of spans before anything else reads them. The spans of the application stay as they are. */
export class Masking {
  readonly #mask: Mask;
  readonly #onFault: (message: ShownText) => void;
  // The same few resources arrive with every span. Spans of one resource must still share it.
  readonly #resources = new WeakMap<SpanResource, SpanResource>();

  /** @param onFault receives a message if the function fails. The value is left out then. */
  constructor(mask: Mask, onFault: (message: ShownText) => void) {
    this.#mask = mask;
    this.#onFault = onFault;
  }

  /** The span with masked values. */
  apply(span: ReadableSpan): ReadableSpan {
    const ofParts = <T extends { attributes?: Attributes }>(parts: T[]): T[] =>
      parts.map((part) => (part.attributes ? { ...part, attributes: this.#attributes(part.attributes, span) } : part));
    return copySpan(span, {
      attributes: this.#attributes(span.attributes, span),
      events: ofParts(span.events),
      links: ofParts(span.links),
      status: this.#status(span),
      resource: this.#resource(span),
    });
  }

  #attributes(attributes: Attributes, span: ReadableSpan): Attributes {
    const masked: Attributes = {};
    for (const [key, value] of Object.entries(attributes)) {
      const replacement = value === undefined || value === null ? undefined : this.#value(key, value, span);
      if (replacement !== undefined && replacement !== null) masked[key] = replacement;
    }
    return masked;
  }

  #status(span: ReadableSpan): ReadableSpan['status'] {
    const { code, message } = span.status;
    if (!message) return span.status;
    const replacement = columnText(this.#value(STATUS_KEY, message, span) ?? undefined);
    return replacement === undefined ? { code } : { code, message: replacement };
  }

  #resource(span: ReadableSpan): SpanResource {
    const { resource } = span;
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    const attributes = this.#attributes(resource.attributes, span);
    const masked: SpanResource = Object.create(resource, { attributes: { value: attributes } });
    if (!resource.asyncAttributesPending) this.#resources.set(resource, masked);
    return masked;
  }

  #value(key: string, value: AttributeValue, span: ReadableSpan): AttributeValue | undefined {
    try {
      // A copy of a list, because other exporters read the same one.
      const replacement: unknown = this.#mask(key, Array.isArray(value) ? ([...value] as AttributeValue) : value, span);
      if (!isPromise(replacement)) return replacement as AttributeValue | undefined;
      this.#onFault(
        say`mask returned a promise for "${ownText(key)}", so the value was left out: the function must return a value.`,
      );
    } catch (error) {
      this.#onFault(
        say`mask threw ${nameOfError(error)} for "${ownText(key)}", so the value was left out: correct the function.`,
      );
    }
    return undefined;
  }
}
