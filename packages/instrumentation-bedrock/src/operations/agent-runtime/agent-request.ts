/** What the requests to agents ask for: InvokeAgent and InvokeInlineAgent. */

import type { Attributes } from '@opentelemetry/api';
import { asMembers, asNumber, asObject, asObjects, type JsonObject } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import type { RequestedService } from '../../data/service.js';
import { asId, asWord } from '../../data/words.js';
import { agentInvocation } from '../../dialects/agent/invocation.js';
import type { DescribedOperation } from '../common/described.js';

/** Both operations, as far as they are the same. */
export const AGENT_OPERATION: Omit<DescribedOperation, 'name'> = {
  spanType: 'AGENT',
  dialect: agentInvocation,
  answerFacts: ({ sessionId, memoryId }) => ({
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(sessionId),
    [semconv.ATTR_AWS_BEDROCK_AGENT_MEMORY_ID]: asId(memoryId),
  }),
  requested: agentService,
};

/** @param knowledgeBases the lookups that the request configures. */
export function agentRequestFacts(input: JsonObject, knowledgeBases: unknown): Attributes {
  const { streamFinalResponse, applyGuardrailInterval } = asMembers(input['streamingConfigurations']);
  const ids = asObjects(knowledgeBases)
    .map(({ knowledgeBaseId }) => asId(knowledgeBaseId))
    .filter((id) => id !== undefined);
  return {
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(input['sessionId']),
    [semconv.ATTR_AWS_BEDROCK_AGENT_TRACE_ENABLED]: asFlag(input['enableTrace']),
    [semconv.ATTR_AWS_BEDROCK_AGENT_END_SESSION]: asFlag(input['endSession']),
    [semconv.ATTR_AWS_BEDROCK_AGENT_KNOWLEDGE_BASE_IDS]: ids.length > 0 ? ids : undefined,
    [semconv.ATTR_AWS_BEDROCK_AGENT_STREAM_FINAL_RESPONSE]: asFlag(streamFinalResponse),
    [semconv.ATTR_AWS_BEDROCK_AGENT_GUARDRAIL_INTERVAL]: asNumber(applyGuardrailInterval),
  };
}

function asFlag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** Only inline agents name a guardrail. */
function agentService(input: JsonObject): RequestedService {
  const { guardrailIdentifier, guardrailVersion } = asMembers(input['guardrailConfiguration']);
  const { performanceConfig } = asMembers(input['bedrockModelConfigurations']);
  return {
    guardrailId: asId(guardrailIdentifier),
    guardrailVersion: asWord(guardrailVersion),
    latencyMode: asWord(asObject(performanceConfig)?.['latency']),
  };
}
