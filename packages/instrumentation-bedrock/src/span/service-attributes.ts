/** Adds what decides price, route and safety of a call to the attributes of a span. */

import type { Attributes } from '@opentelemetry/api';
import * as semconv from '../data/semconv.js';
import type { RequestedService, ServedService } from '../data/service.js';
import { add, keyed } from './attributes.js';

const REQUESTED: { readonly [Key in keyof Required<Omit<RequestedService, 'metadata'>>]: string } = {
  serviceTier: semconv.ATTR_AWS_BEDROCK_REQUEST_SERVICE_TIER,
  latencyMode: semconv.ATTR_AWS_BEDROCK_REQUEST_PERFORMANCE_LATENCY,
  guardrailId: semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ID,
  guardrailVersion: semconv.ATTR_AWS_BEDROCK_GUARDRAIL_VERSION,
  promptArn: semconv.ATTR_AWS_BEDROCK_PROMPT_ARN,
  promptName: semconv.ATTR_GEN_AI_PROMPT_NAME,
  promptVersion: semconv.ATTR_GEN_AI_PROMPT_VERSION,
};

const SERVED: { readonly [Key in keyof Required<Omit<ServedService, 'guardrailOrigins'>>]: string } = {
  serviceTier: semconv.ATTR_AWS_BEDROCK_RESPONSE_SERVICE_TIER,
  latencyMode: semconv.ATTR_AWS_BEDROCK_RESPONSE_PERFORMANCE_LATENCY,
  latencyMs: semconv.ATTR_AWS_BEDROCK_RESPONSE_LATENCY_MS,
  firstByteLatencyMs: semconv.ATTR_AWS_BEDROCK_RESPONSE_FIRST_BYTE_LATENCY_MS,
  guardrailAction: semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ACTION,
  guardrailReason: semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ACTION_REASON,
};

const REQUESTED_KEYS = Object.keys(REQUESTED) as (keyof typeof REQUESTED)[];
const SERVED_KEYS = Object.keys(SERVED) as (keyof typeof SERVED)[];

export function addRequestedService(attributes: Attributes, requested: RequestedService): void {
  for (const key of REQUESTED_KEYS) add(attributes, REQUESTED[key], requested[key]);
  for (const [key, value] of requested.metadata ?? []) {
    attributes[keyed(semconv.ATTR_AWS_BEDROCK_REQUEST_METADATA, key)] = value;
  }
}

export function addServedService(attributes: Attributes, served: ServedService): void {
  for (const key of SERVED_KEYS) add(attributes, SERVED[key], served[key]);
  const { guardrailOrigins } = served;
  if (guardrailOrigins) attributes[semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ORIGIN] = [...guardrailOrigins];
}
