/** Opt-in log events of the GenAI conventions (v1.41.1): what a span says, with the content in structured form. */

import type { Attributes, Context } from '@opentelemetry/api';
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from '@opentelemetry/semantic-conventions';
import { EVENT_INFERENCE_DETAILS, EVENT_OPERATION_EXCEPTION } from '../data/semconv.js';
import type { ContentAttributes } from './attributes.js';

/** The part of OpenTelemetry's logger that is used; its API package differs between OpenTelemetry 2 and 3. */
export interface EventLogger {
  emit(event: {
    readonly eventName: string;
    readonly severityNumber?: number;
    readonly context: Context;
    readonly attributes: Readonly<Record<string, unknown>>;
  }): void;
}

/** The conventions' severity of a failed operation. */
const WARN = 13;
const EXCEPTION_ATTRIBUTES = [ATTR_EXCEPTION_TYPE, ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE];
/** Operations that the conventions count as inference. */
const INFERENCE = new Set(['chat', 'text_completion', 'generate_content']);

/** Collects what becomes the event of one call. */
export class InferenceEvent {
  readonly #logger: EventLogger;
  readonly #context: Context;
  readonly #attributes: Record<string, unknown> = {};

  /** @param context holds the call's span, to which the event belongs. */
  constructor(logger: EventLogger, context: Context) {
    this.#logger = logger;
    this.#context = context;
  }

  add(attributes: Attributes | ContentAttributes): void {
    for (const [name, value] of Object.entries(attributes)) {
      // `mlflow.*` says the same in MLflow's words.
      if (!name.startsWith('mlflow.')) this.#attributes[name] = value;
    }
  }

  addException(attributes: Attributes): void {
    const exception = Object.fromEntries(EXCEPTION_ATTRIBUTES.map((name) => [name, attributes[name]]));
    this.#logger.emit({
      eventName: EVENT_OPERATION_EXCEPTION,
      severityNumber: WARN,
      context: this.#context,
      attributes: exception,
    });
  }

  /** @param operation the call's operation, known for certain only now. */
  emit(operation: string): void {
    if (!INFERENCE.has(operation)) return;
    this.#logger.emit({ eventName: EVENT_INFERENCE_DETAILS, context: this.#context, attributes: this.#attributes });
  }
}
