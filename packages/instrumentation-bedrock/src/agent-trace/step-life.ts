/** The life of one step, as far as its events have arrived: begun, ended, failed. */

import { statedErrorType } from '../data/error-type.js';
import type { StatedError } from '../data/facts.js';
import type { BeginningEvent, StepMetadata, StepTimes } from './trace-event.js';

export class StepLife {
  readonly traceId: string;
  /** True until the end of the step has arrived. */
  isOpen = true;
  metadata: StepMetadata | undefined;
  /** The code of a failure, as the service states it. */
  failureCode: number | undefined;
  #failure: StatedError | undefined;
  #failedAt: Date | undefined;
  readonly #begun: Date | undefined;
  #ended: Date | undefined;

  constructor({ traceId, time }: BeginningEvent) {
    this.traceId = traceId;
    this.#begun = time;
  }

  /** How many milliseconds lie between a time and the event that began the step; infinite if one of them is not known. */
  distanceTo(time: Date | undefined): number {
    return time && this.#begun ? Math.abs(time.getTime() - this.#begun.getTime()) : Number.POSITIVE_INFINITY;
  }

  get failure(): StatedError | undefined {
    return this.#failure;
  }

  end({ time }: Pick<BeginningEvent, 'time'>, metadata: StepMetadata | undefined): void {
    this.isOpen = false;
    this.metadata = metadata;
    this.#ended = time;
  }

  /**
   * The end of the step will not arrive, and that is no failure.
   *
   * @param at when the service began with other work.
   */
  leave(at?: Date): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#ended = at;
  }

  fail(failure: StepFailure): void {
    this.isOpen = false;
    this.failureCode = failure.code;
    this.#failure = { type: statedErrorType([failure.code]), message: failure.reason };
    this.#failedAt = failure.end;
  }

  /**
   * Returns the times of the service's own clock, else the best that its events tell.
   *
   * @param latest the latest time in the whole trace: the end of a step that was open when the trace stopped.
   */
  times(latest: Date | undefined): StepTimes {
    const start = this.metadata?.start ?? this.#begun ?? this.#ended ?? this.metadata?.end;
    const end = this.metadata?.end ?? this.#failedAt ?? this.#ended ?? (this.isOpen ? latest : undefined) ?? start;
    return { start, end: start && end && end < start ? start : end };
  }
}

/** A failure that the trace states. */
export interface StepFailure {
  readonly code: number | undefined;
  /** Content; undefined if none is kept. */
  readonly reason: string | undefined;
  readonly end: Date | undefined;
}
