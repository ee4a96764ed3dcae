/**
 * The settings of the tracing SDK that OpenTelemetry defines as environment variables. The package
 * `@opentelemetry/sdk-trace` reads none of them.
 *
 * See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
 */

import { getNumberFromEnv } from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  type BatchSpanProcessorOptions,
  ParentBasedSampler,
  type Sampler,
  type SpanLimits,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Environment } from '../common/environment.js';

/** A streamed answer has an event for each chunk. OpenTelemetry's default, 128, holds a few sentences. */
const DEFAULT_EVENT_COUNT_LIMIT = 10_000;

/** The longest time of a timer, and more spans than fit into memory. */
const MAX_BATCH_OPTION = 2 ** 31 - 1;

/**
 * Options of the batch processor, from `OTEL_BSP_*`. An option without a variable is absent. Warns of values that it
 * ignores: with a size of 0, the batch processor would never end a flush.
 */
export function batchOptions(warn: (message: string) => void): Omit<BatchSpanProcessorOptions, 'exporter'> {
  const options = numbersFromEnv({
    maxExportBatchSize: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'],
    maxQueueSize: ['OTEL_BSP_MAX_QUEUE_SIZE'],
    scheduledDelayMillis: ['OTEL_BSP_SCHEDULE_DELAY'],
    exportTimeoutMillis: ['OTEL_BSP_EXPORT_TIMEOUT'],
  });
  for (const name of Object.keys(options) as (keyof typeof options)[]) {
    const value = options[name] ?? 0;
    const least = name === 'scheduledDelayMillis' ? 0 : 1;
    if (Number.isInteger(value) && value >= least && value <= MAX_BATCH_OPTION) continue;
    warn(`OTEL_BSP_*: ${name} is ${value}, it must be a whole number from ${least}; the default is used`);
    delete options[name];
  }
  return options;
}

/** Limits of every span, from `OTEL_SPAN_*_LIMIT`, or from `OTEL_ATTRIBUTE_*_LIMIT` if the former is not set. */
export function spanLimits(): SpanLimits {
  const limits = numbersFromEnv({
    attributeValueLengthLimit: ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
    attributeCountLimit: ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
    linkCountLimit: ['OTEL_SPAN_LINK_COUNT_LIMIT'],
    eventCountLimit: ['OTEL_SPAN_EVENT_COUNT_LIMIT'],
    // The specification's name, and the one that OpenTelemetry's JavaScript SDK 2.x reads.
    attributePerEventCountLimit: ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT'],
    attributePerLinkCountLimit: ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 'OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT'],
  });
  return { eventCountLimit: DEFAULT_EVENT_COUNT_LIMIT, ...limits };
}

/** The first variable that is set counts. */
function numbersFromEnv<Name extends string>(variables: Readonly<Record<Name, readonly string[]>>) {
  const numbers: { [name in Name]?: number } = {};
  for (const name of Object.keys(variables) as Name[]) {
    const value = variables[name].map((variable) => getNumberFromEnv(variable)).find((number) => number !== undefined);
    if (value !== undefined) numbers[name] = value;
  }
  return numbers;
}

const recordAll = (): Sampler => new ParentBasedSampler({ root: new AlwaysOnSampler() });
const recordShare = (ratio: number): Sampler => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });

const SAMPLERS = new Map<string, (ratio: () => number) => Sampler>([
  ['always_on', () => new AlwaysOnSampler()],
  ['always_off', () => new AlwaysOffSampler()],
  ['traceidratio', (ratio) => new TraceIdRatioBasedSampler(ratio())],
  ['parentbased_always_on', recordAll],
  ['parentbased_always_off', () => new ParentBasedSampler({ root: new AlwaysOffSampler() })],
  ['parentbased_traceidratio', (ratio) => recordShare(ratio())],
]);

/**
 * Returns the sampler of `OTEL_TRACES_SAMPLER`, else that of `MLFLOW_TRACE_SAMPLING_RATIO`, else one that records every
 * trace. Reports a value that it does not know through `warn`, and records every trace then.
 */
export function samplerFromEnvironment(env: Environment, warn: (message: string) => void): Sampler {
  const ratioOf = (variable: string): number => {
    const text = env[variable]?.trim() || '1';
    const ratio = Number(text);
    if (ratio >= 0 && ratio <= 1) return ratio;
    warn(`${variable}=${text} is not a number from 0 to 1; all traces are recorded`);
    return 1;
  };
  const name = env['OTEL_TRACES_SAMPLER']?.trim();
  if (name) {
    const create = SAMPLERS.get(name);
    if (create) return create(() => ratioOf('OTEL_TRACES_SAMPLER_ARG'));
    warn(`OTEL_TRACES_SAMPLER=${name} is not one of ${[...SAMPLERS.keys()].join(', ')}; all traces are recorded`);
    return recordAll();
  }
  return env['MLFLOW_TRACE_SAMPLING_RATIO']?.trim() ? recordShare(ratioOf('MLFLOW_TRACE_SAMPLING_RATIO')) : recordAll();
}
