/** The spans of work inside the service: what an agent did for a call, as its answer describes it. */

import { type Context, type Span, SpanKind, trace } from '@opentelemetry/api';
import type { Failure } from '../data/facts.js';
import type { Step } from '../operations/common/operation.js';
import { identityAttributes } from '../span/attributes.js';
import { InferenceEvent } from '../span/events.js';
import { type RecordableFacts, recordableFacts, spanName } from '../span/facts.js';
import { SpanWriter } from '../span/writer.js';
import { type AnswerFigures, answerFigures, requestFacts, statedFacts } from './describe.js';
import type { CallEnvironment } from './environment.js';
import { openFailure, statedFailure } from './failure.js';
import { CallHooks } from './hooks.js';
import { outcomeAttributes } from './measure.js';
import { CallRecord } from './record.js';

/** The part of the record of a call that its steps can have. Chunk events can have a quarter, so the answer has room. */
const STEPS_PART = 1 / 2;

/** The call that steps belong to. */
interface StepsOfCall {
  /** The name of the operation, for hooks. */
  readonly operation: string;
  /** Contains the span of the call. */
  readonly context: Context;
  readonly failure: Failure | undefined;
}

/**
 * Records steps and what was done within them. Never throws.
 *
 * @returns in characters: the content of all steps.
 */
export function recordSteps(
  steps: readonly Step[] | undefined,
  environment: CallEnvironment,
  call: StepsOfCall,
): number {
  if (!steps || steps.length === 0) return 0;
  const recorder = new StepRecorder(environment, call);
  recorder.record(steps);
  return recorder.length;
}

/** Steps of one span, of which some are recorded. */
interface Level {
  readonly steps: readonly Step[];
  next: number;
  readonly context: Context;
  /** Ends the span above. */
  readonly end: () => void;
}

/** What a span and the metrics say of a step. */
interface DescribedStep {
  readonly step: Step;
  readonly hooks: CallHooks;
  readonly identity: RecordableFacts;
  readonly figures: AnswerFigures;
  readonly failure: Failure | undefined;
}

class StepRecorder {
  /** In characters. */
  length = 0;
  readonly #environment: CallEnvironment;
  readonly #call: StepsOfCall;

  constructor(environment: CallEnvironment, call: StepsOfCall) {
    this.#environment = environment;
    this.#call = call;
  }

  /** Without recursion, because collaborators can be nested in any depth. */
  record(steps: readonly Step[]): void {
    const levels: Level[] = [{ steps, next: 0, context: this.#call.context, end: () => undefined }];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const step = level.steps[level.next++];
      if (step) levels.push(this.#guard(() => this.#begin(step, (level as Level).context)) ?? beneath(step, level));
      else this.#guard((levels.pop() as Level).end);
    }
  }

  #guard<Result>(work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.#environment.report('recording the span of work inside the service failed', error);
      return undefined;
    }
  }

  /** Starts the span of a step and writes what is known of it. Returns the steps beneath. */
  #begin(step: Step, parent: Context): Level {
    const { tracer } = this.#environment;
    const described = this.#describe(step);
    this.#measure(described);
    const { identity } = described;
    const span = tracer.startSpan(
      spanName(identity),
      {
        kind: step.isRequest ? SpanKind.CLIENT : SpanKind.INTERNAL,
        attributes: identity,
        ...(step.start && { startTime: step.start }),
      },
      parent,
    );
    const context = trace.setSpan(parent, span);
    if (span.isRecording()) this.#guard(() => this.#write(described, span, context));
    return { steps: step.steps, next: 0, context, end: () => span.end(step.end) };
  }

  #describe(step: Step): DescribedStep {
    const { config } = this.#environment;
    const { request, answer } = step;
    const { dialect, modelId } = request;
    const { operation } = dialect;
    const hooks = new CallHooks({ operation: this.#call.operation, modelId, step: operation }, this.#environment);
    const own = identityAttributes({ operation, modelId, server: undefined });
    const show = (text: string) => hooks.prepare('error', () => text);
    return {
      step,
      hooks,
      identity: recordableFacts({ ...own, ...request.identity }, config.foreignWords),
      figures: answerFigures(request, answer, undefined),
      failure: step.failure
        ? statedFailure(step.failure, show, config.foreignWords)
        : step.isOpen
          ? openFailure(this.#call.failure)
          : undefined,
    };
  }

  #measure({ step, identity, figures, failure }: DescribedStep): void {
    const { instruments, config } = this.#environment;
    const { start, end } = step;
    if (!instruments.isRecording || !start || !end) return;
    const durationSeconds = Math.max(0, end.getTime() - start.getTime()) / 1000;
    const { usage } = figures;
    const outcome = outcomeAttributes(figures, failure);
    instruments.recordCall(
      { durationSeconds, usage, timeToFirstChunkSeconds: undefined, isWithinService: true },
      recordableFacts({ ...identity, ...outcome }, config.foreignWords),
    );
  }

  #write({ step, hooks, identity, figures, failure }: DescribedStep, span: Span, context: Context): void {
    const { config, logger } = this.#environment;
    const { request, answer } = step;
    const event = config.emitEvents ? new InferenceEvent(logger, context) : undefined;
    event?.add(identity);
    const maxRecordLength = Math.max(0, config.maxRecordLength * STEPS_PART - this.length);
    const writer = new SpanWriter({ span, config: { ...config, maxRecordLength }, event });
    const record = new CallRecord({ writer, hooks, words: config.foreignWords });
    try {
      record.writeFacts(requestFacts(step, request, request.dialect));
      if (failure) writer.writeFailure(failure);
      // Facts before content: if the content cannot be read, the span still has the figures.
      record.writeFacts(statedFacts(request, answer, figures));
      record.addRequest(
        request,
        request.dialect,
        record.prepare('request', () => request.content()),
      );
      if (answer) record.addAnswer(answer);
      writer.emitEvent(request.dialect.operation);
      writer.writeContent();
    } finally {
      this.length += writer.length;
    }
  }
}

/** The steps beneath one that has no span of its own, because recording it has failed. */
function beneath(step: Step, { context }: Level): Level {
  return { steps: step.steps, next: 0, context, end: () => undefined };
}
