/** What all metrics share: figures, buckets, and the attributes that they can have. */

import type { Attributes, Histogram, Meter } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from '@opentelemetry/semantic-conventions';
import * as semconv from '../data/semconv.js';
import type { TokenUsage } from '../data/usage.js';
import { add } from './attributes.js';
import type { RecordableFacts } from './facts.js';

/** The figures of one call that has ended. */
export interface CallMeasurements {
  readonly durationSeconds: number;
  readonly usage: TokenUsage | undefined;
  readonly timeToFirstChunkSeconds: number | undefined;
  /** True for work inside the service that an answer describes; false for a call of the application. */
  readonly isWithinService: boolean;
}

export interface Instruments {
  /** False if no meter provider is set. Then nothing needs to be measured. */
  readonly isRecording: boolean;
  /** Records a call after its end. */
  recordCall(measurements: CallMeasurements, attributes: RecordableFacts): void;
  /** Records the seconds between two chunks of a stream. */
  recordChunkInterval(seconds: number, attributes: RecordableFacts): void;
}

// The bucket boundaries that the conventions recommend.
const TOKEN_BUCKETS = Array.from({ length: 14 }, (_, power) => 4 ** power);
const SECOND_BUCKETS = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power);

export function secondsHistogram(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, {
    description,
    unit: 's',
    advice: { explicitBucketBoundaries: SECOND_BUCKETS },
  });
}

export function tokensHistogram(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, {
    description,
    unit: '{token}',
    advice: { explicitBucketBoundaries: TOKEN_BUCKETS },
  });
}

/** The attributes that the conventions define for the metrics of every call. */
const CALL_ATTRIBUTES = [
  semconv.ATTR_GEN_AI_OPERATION_NAME,
  semconv.ATTR_GEN_AI_PROVIDER_NAME,
  semconv.ATTR_GEN_AI_REQUEST_MODEL,
  semconv.ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_ERROR_TYPE,
];

/**
 * The facts that a metric may have. Others, such as the id of a session, would make a series of their own for every value.
 *
 * @param more attributes that only this metric has.
 */
export function callAttributes(facts: RecordableFacts, more: readonly string[] = []): Attributes {
  const attributes: Attributes = {};
  for (const name of CALL_ATTRIBUTES) add(attributes, name, facts[name]);
  for (const name of more) add(attributes, name, facts[name]);
  return attributes;
}
