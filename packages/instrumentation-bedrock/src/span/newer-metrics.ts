/** The metrics of the newer GenAI conventions (v0.1.0), which have names of their own for each kind of operation. */

import type { Attributes, Counter, Meter } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions';
import { isInference } from '../data/facts.js';
import * as semconv from '../data/semconv.js';
import type { TokenUsage } from '../data/usage.js';
import type { RecordableFacts } from './facts.js';
import {
  type CallMeasurements,
  callAttributes,
  type Instruments,
  secondsHistogram,
  tokensHistogram,
} from './instrument.js';

const AGENT = [semconv.ATTR_GEN_AI_AGENT_NAME];
// A service knows its agents by their ids. A request has no name of an agent, except that of an inline agent.
const REMOTE_AGENT = [...AGENT, semconv.ATTR_GEN_AI_AGENT_ID, semconv.ATTR_GEN_AI_AGENT_VERSION];
const TOOL = [...AGENT, semconv.ATTR_GEN_AI_TOOL_NAME, semconv.ATTR_GEN_AI_TOOL_TYPE];
const DATA_SOURCE = [semconv.ATTR_GEN_AI_DATA_SOURCE_ID];

/** Returns what records calls under the newer names. Operations without a newer name are left to the older metrics. */
export function createNewerInstruments(meter: Meter): Pick<Instruments, 'recordCall' | 'recordChunkInterval'> {
  const seconds = (name: string, description: string) => secondsHistogram(meter, name, description);
  const inference = createInferenceInstruments(meter);
  const embeddings = seconds(semconv.METRIC_EMBEDDINGS_DURATION, 'Duration of embeddings operations.');
  const embedded = tokensHistogram(
    meter,
    semconv.METRIC_EMBEDDINGS_INPUT_TOKENS,
    'Input tokens of an embeddings operation.',
  );
  const remoteAgent = seconds(semconv.METRIC_CLIENT_INVOKE_AGENT_DURATION, 'Duration of calls of a remote agent.');
  const agent = seconds(semconv.METRIC_INVOKE_AGENT_DURATION, 'Duration of the work of an agent or a workflow.');
  const tool = seconds(semconv.METRIC_EXECUTE_TOOL_DURATION, 'Duration of the work of a tool.');
  const retrieval = seconds(semconv.METRIC_RETRIEVAL_DURATION, 'Duration of lookups.');
  return {
    recordCall(measurements, facts) {
      const { durationSeconds, usage, isWithinService } = measurements;
      const operation = operationOf(facts);
      if (isInference(operation)) return inference.recordCall(measurements, callAttributes(facts));
      switch (operation) {
        case 'embeddings': {
          const attributes = callAttributes(facts);
          embeddings.record(durationSeconds, attributes);
          const isCounted = usage?.inputTokens !== undefined && !isFailed(attributes);
          return isCounted ? embedded.record(usage.inputTokens, attributes) : undefined;
        }
        case 'invoke_agent':
          return isWithinService
            ? agent.record(durationSeconds, callAttributes(facts, AGENT))
            : remoteAgent.record(durationSeconds, callAttributes(facts, REMOTE_AGENT));
        case 'invoke_workflow':
          return agent.record(durationSeconds, callAttributes(facts, AGENT));
        case 'execute_tool':
          return tool.record(durationSeconds, callAttributes(facts, TOOL));
        case 'retrieval':
          return retrieval.record(durationSeconds, callAttributes(facts, DATA_SOURCE));
      }
    },
    recordChunkInterval(interval, facts) {
      if (isInference(operationOf(facts))) inference.recordChunkInterval(interval, callAttributes(facts));
    },
  };
}

interface InferenceInstruments {
  recordCall(measurements: CallMeasurements, attributes: Attributes): void;
  recordChunkInterval(seconds: number, attributes: Attributes): void;
}

function createInferenceInstruments(meter: Meter): InferenceInstruments {
  const seconds = (name: string, description: string) => secondsHistogram(meter, name, description);
  const tokens = (name: string, description: string) => tokensHistogram(meter, name, description);
  const duration = seconds(semconv.METRIC_INFERENCE_DURATION, 'Duration of inference operations.');
  const firstChunk = seconds(semconv.METRIC_INFERENCE_TIME_TO_FIRST_CHUNK, 'Time from the request to the first chunk.');
  const perChunk = seconds(semconv.METRIC_INFERENCE_TIME_PER_OUTPUT_CHUNK, 'Time between chunks, after the first.');
  const input = tokens(semconv.METRIC_INFERENCE_INPUT_TOKENS, 'Input tokens of an inference operation.');
  const output = tokens(semconv.METRIC_INFERENCE_OUTPUT_TOKENS, 'Output tokens of an inference operation.');
  const addUsage = createUsageCounters(meter);
  return {
    recordCall({ durationSeconds, usage, timeToFirstChunkSeconds }, attributes) {
      duration.record(durationSeconds, attributes);
      if (timeToFirstChunkSeconds !== undefined) firstChunk.record(timeToFirstChunkSeconds, attributes);
      // A failed call has used its tokens, but it is no example of how many an operation needs.
      if (!isFailed(attributes)) {
        if (usage?.inputTokens !== undefined) input.record(usage.inputTokens, attributes);
        if (usage?.outputTokens !== undefined) output.record(usage.outputTokens, attributes);
      }
      const { [ATTR_ERROR_TYPE]: _, ...ofUsage } = attributes;
      addUsage(usage ?? {}, ofUsage);
    },
    recordChunkInterval: (interval, attributes) => perChunk.record(interval, attributes),
  };
}

/**
 * The counters of used tokens, each by modality. A part whose modality is not known counts as `unknown`, and so does the 0
 * that the conventions ask for if the service states no count.
 */
function createUsageCounters(meter: Meter): (usage: TokenUsage, attributes: Attributes) => void {
  const counter = (name: string, description: string): Counter =>
    meter.createCounter(name, { description, unit: '{token}' });
  const input = counter(semconv.METRIC_INFERENCE_USAGE_INPUT, 'Input tokens used, cached ones included.');
  const output = counter(semconv.METRIC_INFERENCE_USAGE_OUTPUT, 'Output tokens used, those for reasoning included.');
  const read = counter(semconv.METRIC_INFERENCE_USAGE_CACHE_READ, 'Input tokens read from a cache.');
  const written = counter(semconv.METRIC_INFERENCE_USAGE_CACHE_WRITE, 'Input tokens written to a cache.');
  const reasoning = counter(semconv.METRIC_INFERENCE_USAGE_REASONING, 'Output tokens used for reasoning.');
  return (usage, attributes) => {
    const count = (counted: Counter, total = 0, text?: number, audio?: number): void => {
      const add = (tokens: number, modality: string): void =>
        counted.add(tokens, { ...attributes, [semconv.ATTR_GEN_AI_TOKEN_MODALITY]: modality });
      if (text !== undefined) add(text, 'text');
      if (audio !== undefined) add(audio, 'audio');
      const rest = total - (text ?? 0) - (audio ?? 0);
      if (rest > 0 || (text ?? audio) === undefined) add(rest, 'unknown');
    };
    count(input, usage.inputTokens, usage.textInputTokens, usage.audioInputTokens);
    count(output, usage.outputTokens, usage.textOutputTokens, usage.audioOutputTokens);
    count(read, usage.cacheReadTokens);
    count(written, usage.cacheWriteTokens);
    count(reasoning, usage.reasoningTokens);
  };
}

function operationOf(facts: RecordableFacts): string {
  return String(facts[semconv.ATTR_GEN_AI_OPERATION_NAME]);
}

function isFailed(attributes: Attributes): boolean {
  return attributes[ATTR_ERROR_TYPE] !== undefined;
}
