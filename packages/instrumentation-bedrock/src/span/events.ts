/** Opt-in log events of the GenAI conventions (v1.41.1): what the span holds, with the content in structured form. */

import type { Attributes, Context } from '@opentelemetry/api';
import { isInference } from '../data/facts.js';
import { EVENT_INFERENCE_DETAILS, EVENT_OPERATION_EXCEPTION } from '../data/semconv.js';
import type { ContentAttributes } from './content-attributes.js';
import type { RecordableFacts } from './facts.js';

/** The part of OpenTelemetry's logger in use; the logs API package differs between OpenTelemetry 2 and 3. */
export interface EventLogger {
  emit(event: {
    readonly eventName: string;
    readonly severityNumber?: number;
    readonly context: Context;
    readonly attributes: Readonly<Record<string, unknown>>;
  }): void;
}

/** The severity that the conventions set for a failed operation. */
const WARN = 13;

/** Collects and emits the events of one call. */
export class InferenceEvent {
  readonly #logger: EventLogger;
  readonly #context: Context;
  readonly #attributes: Record<string, unknown> = {};

  /** @param context contains the call's span, so that the events belong to it. */
  constructor(logger: EventLogger, context: Context) {
    this.#logger = logger;
    this.#context = context;
  }

  add(attributes: RecordableFacts | ContentAttributes): void {
    for (const [name, value] of Object.entries(attributes)) {
      // The attributes of MLflow repeat those of the conventions.
      if (!name.startsWith('mlflow.')) this.#attributes[name] = value;
    }
  }

  emitException(exception: Attributes): void {
    this.#logger.emit({
      eventName: EVENT_OPERATION_EXCEPTION,
      severityNumber: WARN,
      context: this.#context,
      attributes: exception,
    });
  }

  /** @param operation decides whether the call is an inference; the answer can have corrected it. */
  emit(operation: string): void {
    if (!isInference(operation)) return;
    this.#logger.emit({ eventName: EVENT_INFERENCE_DETAILS, context: this.#context, attributes: this.#attributes });
  }
}
