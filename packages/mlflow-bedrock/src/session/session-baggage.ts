import {
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import { ATTR_SESSION_ID, ATTR_USER_ID, identityAttributes } from '../current-trace/identity.js';
import { localRootIn } from '../current-trace/local-roots.js';

/** The AWS SDK adds this header to each of its requests. */
const AWS_SDK_HEADER = 'amz-sdk-invocation-id';

/** W3C baggage without `session.id` and `user.id` in requests of the AWS SDK, whichever service set them. */
export class BaggagePropagator implements TextMapPropagator {
  readonly #baggage = new W3CBaggagePropagator();

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    this.#baggage.inject(isAwsRequest(carrier) ? withoutIdentity(context) : context, carrier, setter);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return this.#baggage.extract(context, carrier, getter);
  }

  fields(): string[] {
    return this.#baggage.fields();
  }
}

/**
 * W3C baggage that also carries `session.id` and `user.id` of the current request, from `updateCurrentTrace` or another
 * service. Use it in place of `W3CBaggagePropagator` in an OpenTelemetry set-up of your own. `autolog()` installs it
 * with the option `propagateSession`. Instrumentations send baggage to every host, but requests of the AWS SDK carry
 * neither of the two.
 *
 * See https://www.w3.org/TR/baggage/.
 */
export class SessionBaggagePropagator implements TextMapPropagator {
  readonly #baggage = new BaggagePropagator();

  /** Writes the header `baggage`: the application's entries, and session and user of the trace. */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    this.#baggage.inject(withIdentity(context), carrier, setter);
  }

  /** Reads the header `baggage`. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return this.#baggage.extract(context, carrier, getter);
  }

  /** Returns the names of the headers: `baggage`. */
  fields(): string[] {
    return this.#baggage.fields();
  }
}

// updateCurrentTrace() cannot change an active context, so the values are looked up when a request is sent.
function withIdentity(context: Context): Context {
  const root = localRootIn(context);
  if (root === undefined) return context;
  let baggage = propagation.getBaggage(context) ?? propagation.createBaggage();
  for (const [key, value] of Object.entries(identityAttributes(root))) {
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
