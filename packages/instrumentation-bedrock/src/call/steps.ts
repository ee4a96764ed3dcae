/** The spans of work inside the service: what an agent did for a call, as its answer describes it. */

import { type Context, SpanKind, trace } from '@opentelemetry/api';
import type { JsonValue } from '../data/json.js';
import type { BedrockContent } from '../data/settings.js';
import type { Step } from '../operations/common/operation.js';
import { identityAttributes } from '../span/attributes.js';
import { InferenceEvent } from '../span/events.js';
import { hookedFacts, type RecordableFacts, recordableFacts, spanName } from '../span/facts.js';
import { SpanWriter } from '../span/writer.js';
import {
  answerFigures,
  hookedAnswerFacts,
  hookedRequestFacts,
  recordedAnswer,
  recordedRequest,
  requestFacts,
  statedFacts,
} from './describe.js';
import type { CallEnvironment } from './environment.js';
import { statedFailure } from './failure.js';
import { CallHooks } from './hooks.js';
import { outcomeAttributes } from './measure.js';

/** The part of the record of a call that its steps can have. */
const STEPS_PART = 3 / 4;

/**
 * Records steps and what was done within them. Never throws.
 *
 * @param operation the name of the call's operation, for hooks.
 * @param parent contains the span of the call.
 * @returns in characters: the content of all steps.
 */
export function recordSteps(
  steps: readonly Step[] | undefined,
  environment: CallEnvironment,
  operation: string,
  parent: Context,
): number {
  if (!steps || steps.length === 0) return 0;
  const recorder = new StepRecorder(environment, operation);
  recorder.record(steps, parent);
  return recorder.length;
}

class StepRecorder {
  /** In characters. */
  length = 0;
  readonly #environment: CallEnvironment;
  readonly #operation: string;

  constructor(environment: CallEnvironment, operation: string) {
    this.#environment = environment;
    this.#operation = operation;
  }

  /** @param parent contains the span above. */
  record(steps: readonly Step[], parent: Context): void {
    for (const step of steps) {
      try {
        this.#recordStep(step, parent);
      } catch (error) {
        this.#environment.report('recording the span of work inside the service failed', error);
      }
    }
  }

  #recordStep(step: Step, parent: Context): void {
    const { tracer, config, instruments, logger } = this.#environment;
    const { request, answer, start, end } = step;
    const hooks = new CallHooks(
      { operation: this.#operation, modelId: request.modelId, step: request.dialect.operation },
      this.#environment,
    );
    const prepare = (kind: BedrockContent['kind'], read: () => JsonValue | undefined): JsonValue | undefined =>
      hooks.prepare(kind, read);
    const show = (text: string): JsonValue | undefined => prepare('error', () => text);
    const failure = step.failure && statedFailure(step.failure, show, config.foreignWords);
    const figures = answerFigures(request, answer, undefined);
    const identity = identityOf(step, config.foreignWords);
    if (instruments.isRecording) {
      const seen = recordableFacts({ ...identity, ...outcomeAttributes(figures, failure) }, config.foreignWords);
      const durationSeconds = Math.max(0, end.getTime() - start.getTime()) / 1000;
      const { usage } = figures;
      const isInternal = !step.isRequest;
      instruments.recordCall({ durationSeconds, usage, timeToFirstChunkSeconds: undefined, isInternal }, seen);
    }
    const kind = step.isRequest ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const span = tracer.startSpan(spanName(identity), { kind, attributes: identity, startTime: start }, parent);
    const context = trace.setSpan(parent, span);
    if (span.isRecording()) {
      const event = config.emitEvents ? new InferenceEvent(logger, context) : undefined;
      event?.add(identity);
      const maxRecordLength = Math.max(0, config.maxRecordLength * STEPS_PART - this.length);
      const writer = new SpanWriter({ span, config: { ...config, maxRecordLength }, event });
      writer.writeFacts(recordableFacts(requestFacts(step, request, request.dialect), config.foreignWords));
      if (failure) writer.writeFailure(failure);
      writer.writeFacts(recordableFacts(statedFacts(request, answer, figures), config.foreignWords));
      const sent = prepare('request', () => request.content());
      if (sent !== undefined) {
        if (config.foreignWords === 'hooked')
          writer.writeFacts(hookedFacts(hookedRequestFacts(request, request.dialect, sent)));
        writer.addRequest(recordedRequest(request, request.dialect, sent));
      }
      const got = answer && prepare('response', answer.content);
      if (answer && got !== undefined) {
        if (config.foreignWords === 'hooked') writer.writeFacts(hookedFacts(hookedAnswerFacts(answer, got)));
        writer.addAnswer(recordedAnswer(answer, got));
      }
      writer.emitEvent(request.dialect.operation);
      writer.writeContent();
      this.length += writer.length;
    }
    this.record(step.steps, context);
    span.end(end);
  }
}

function identityOf({ request }: Step, words: Parameters<typeof recordableFacts>[1]): RecordableFacts {
  const { dialect, modelId, identity } = request;
  const own = identityAttributes({ operation: dialect.operation, modelId, server: undefined });
  return recordableFacts({ ...own, ...identity }, words);
}
