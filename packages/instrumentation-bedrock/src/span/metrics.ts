/** GenAI client metrics as the conventions (v1.41.1) define them, and beside them those of the newer conventions. */

import { createNoopMeter, type Meter } from '@opentelemetry/api';
import {
  ATTR_GEN_AI_TOKEN_TYPE,
  METRIC_OPERATION_DURATION,
  METRIC_TIME_PER_OUTPUT_CHUNK,
  METRIC_TIME_TO_FIRST_CHUNK,
  METRIC_TOKEN_USAGE,
} from '../data/semconv.js';
import { callAttributes, type Instruments, secondsHistogram, tokensHistogram } from './instrument.js';
import { createNewerInstruments } from './newer-metrics.js';

const NOOP_HISTOGRAM = createNoopMeter().createHistogram('noop');

/** @param options `withNewer`: also records the metrics of the newer conventions. */
export function createInstruments(meter: Meter, { withNewer }: { readonly withNewer: boolean }): Instruments {
  const tokens = tokensHistogram(meter, METRIC_TOKEN_USAGE, 'Number of input and output tokens used.');
  const duration = secondsHistogram(meter, METRIC_OPERATION_DURATION, 'GenAI operation duration.');
  const firstChunk = secondsHistogram(
    meter,
    METRIC_TIME_TO_FIRST_CHUNK,
    'Time from the request to the first chunk of a stream.',
  );
  const perChunk = secondsHistogram(
    meter,
    METRIC_TIME_PER_OUTPUT_CHUNK,
    'Time between the chunks of a stream, after the first.',
  );
  const newer = withNewer ? createNewerInstruments(meter) : undefined;
  return {
    isRecording: tokens !== NOOP_HISTOGRAM,
    recordCall(measurements, facts) {
      newer?.recordCall(measurements, facts);
      const { durationSeconds, usage, timeToFirstChunkSeconds } = measurements;
      const attributes = callAttributes(facts);
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
    recordChunkInterval(interval, facts) {
      newer?.recordChunkInterval(interval, facts);
      perChunk.record(interval, callAttributes(facts));
    },
  };
}
