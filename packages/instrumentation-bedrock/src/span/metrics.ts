/** GenAI client metrics, as the conventions (v1.41.1) define them. */

import { createNoopMeter, type Histogram, type Meter } from '@opentelemetry/api';
import {
  ATTR_GEN_AI_TOKEN_TYPE,
  METRIC_OPERATION_DURATION,
  METRIC_TIME_PER_OUTPUT_CHUNK,
  METRIC_TIME_TO_FIRST_CHUNK,
  METRIC_TOKEN_USAGE,
} from '../data/semconv.js';
import type { TokenUsage } from '../data/usage.js';
import type { RecordableFacts } from './facts.js';

// The bucket boundaries that the conventions recommend.
const TOKEN_BUCKETS = Array.from({ length: 14 }, (_, power) => 4 ** power);
const SECOND_BUCKETS = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power);

const NOOP_HISTOGRAM = createNoopMeter().createHistogram('noop');

/** The figures of one call that has ended. */
export interface CallMeasurements {
  readonly durationSeconds: number;
  readonly usage: TokenUsage | undefined;
  readonly timeToFirstChunkSeconds: number | undefined;
}

export interface Instruments {
  /** False if no meter provider is set. Then nothing needs to be measured. */
  readonly isRecording: boolean;
  /** Records a call after its end. */
  recordCall(measurements: CallMeasurements, attributes: RecordableFacts): void;
  /** Records the seconds between two chunks of a stream. */
  recordChunkInterval(seconds: number, attributes: RecordableFacts): void;
}

export function createInstruments(meter: Meter): Instruments {
  const seconds = (name: string, description: string): Histogram =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: SECOND_BUCKETS },
    });
  const tokens = meter.createHistogram(METRIC_TOKEN_USAGE, {
    description: 'Number of input and output tokens used.',
    unit: '{token}',
    advice: { explicitBucketBoundaries: TOKEN_BUCKETS },
  });
  const duration = seconds(METRIC_OPERATION_DURATION, 'GenAI operation duration.');
  const firstChunk = seconds(METRIC_TIME_TO_FIRST_CHUNK, 'Time from the request to the first chunk of a stream.');
  const perChunk = seconds(METRIC_TIME_PER_OUTPUT_CHUNK, 'Time between the chunks of a stream, after the first.');
  return {
    isRecording: tokens !== NOOP_HISTOGRAM,
    recordCall({ durationSeconds, usage, timeToFirstChunkSeconds }, attributes) {
      duration.record(durationSeconds, attributes);
      if (timeToFirstChunkSeconds !== undefined) firstChunk.record(timeToFirstChunkSeconds, attributes);
      // The conventions forbid estimates, so a missing count is not recorded.
      if (usage?.inputTokens !== undefined) {
        tokens.record(usage.inputTokens, { ...attributes, [ATTR_GEN_AI_TOKEN_TYPE]: 'input' });
      }
      if (usage?.outputTokens !== undefined) {
        tokens.record(usage.outputTokens, { ...attributes, [ATTR_GEN_AI_TOKEN_TYPE]: 'output' });
      }
    },
    recordChunkInterval: (interval, attributes) => perChunk.record(interval, attributes),
  };
}
