import {
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import { openTraceOf } from './current-trace.js';
import { ATTR_SESSION_ID, ATTR_USER_ID, identityAttributes } from './identity.js';

/** A header that the AWS SDK adds to each of its requests. */
const AWS_SDK_HEADER = 'amz-sdk-invocation-id';

/** W3C baggage; requests of the AWS SDK carry `session.id` and `user.id` of nobody, wherever they came from. */
export class BaggagePropagator implements TextMapPropagator {
  readonly #baggage = new W3CBaggagePropagator();

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    this.#baggage.inject(isAwsRequest(carrier) ? withoutIdentity(context) : this.outgoing(context), carrier, setter);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return this.#baggage.extract(context, carrier, getter);
  }

  fields(): string[] {
    return this.#baggage.fields();
  }

  protected outgoing(context: Context): Context {
    return context;
  }
}

/**
 * W3C baggage that also carries `session.id` and `user.id` of the current trace, as `updateCurrentTrace` set them or
 * another service sent them. For an OpenTelemetry set-up of your own, in place of `W3CBaggagePropagator`; `autolog()`
 * installs it with `propagateSession`. Baggage goes wherever the application's instrumentations carry it, but requests
 * of the AWS SDK carry neither of the two.
 *
 * See https://www.w3.org/TR/baggage/.
 */
export class SessionBaggagePropagator extends BaggagePropagator {
  protected override outgoing(context: Context): Context {
    return withIdentity(context);
  }
}

// A context cannot be changed once it is active, so what `updateCurrentTrace` said is looked up when a request goes out.
function withIdentity(context: Context): Context {
  const span = trace.getSpan(context);
  const open = span && openTraceOf(span);
  if (open === undefined) return context;
  let baggage = propagation.getBaggage(context) ?? propagation.createBaggage();
  for (const [key, value] of Object.entries(identityAttributes(open))) {
    baggage = baggage.setEntry(key, { value: String(value) });
  }
  return propagation.setBaggage(context, baggage);
}

function withoutIdentity(context: Context): Context {
  const baggage = propagation.getBaggage(context);
  return baggage ? propagation.setBaggage(context, baggage.removeEntries(ATTR_SESSION_ID, ATTR_USER_ID)) : context;
}

function isAwsRequest(carrier: unknown): boolean {
  return (
    typeof carrier === 'object' &&
    carrier !== null &&
    Object.keys(carrier).some((header) => header.toLowerCase() === AWS_SDK_HEADER)
  );
}
