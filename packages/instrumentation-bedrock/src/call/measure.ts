/** Records the metrics of a call. The attributes of its outcome are also those of the steps inside the service. */

import type { Attributes } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions';
import type { Failure } from '../data/facts.js';
import { ATTR_GEN_AI_RESPONSE_MODEL } from '../data/semconv.js';
import type { RecordableFacts } from '../span/facts.js';
import type { Instruments } from '../span/instrument.js';
import type { ChunkTimes } from './chunk-times.js';
import type { AnswerFigures } from './describe.js';

/** Attributes of metrics that are known only after the end. */
export function outcomeAttributes({ facts }: AnswerFigures, failure: Failure | undefined): Attributes {
  return {
    ...(facts?.model !== undefined && { [ATTR_GEN_AI_RESPONSE_MODEL]: facts.model }),
    ...(failure && { [ATTR_ERROR_TYPE]: failure.type }),
  };
}

/** A call that has ended, as far as its metrics need it. */
interface MeasuredCall {
  readonly figures: AnswerFigures;
  readonly failure: Failure | undefined;
  readonly times: ChunkTimes;
}

/** @param identity returns the attributes of the call's metrics: what identifies it, and those given. */
export function measureCall(
  instruments: Instruments,
  { figures, failure, times }: MeasuredCall,
  identity: (others: Attributes) => RecordableFacts,
): void {
  if (!instruments.isRecording) return;
  const { sinceStart: durationSeconds, toFirstChunk: timeToFirstChunkSeconds } = times;
  const measured = { durationSeconds, usage: figures.usage, timeToFirstChunkSeconds, isWithinService: false };
  instruments.recordCall(measured, identity(outcomeAttributes(figures, failure)));
}
