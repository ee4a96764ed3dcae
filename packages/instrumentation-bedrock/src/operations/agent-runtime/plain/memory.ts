/** The memory of agents: summaries of their sessions. */

import type { Attributes } from '@opentelemetry/api';
import type { JsonObject } from '../../../data/json.js';
import {
  ATTR_AWS_BEDROCK_AGENT_ALIAS_ID,
  ATTR_AWS_BEDROCK_AGENT_MEMORY_ID,
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_CONVERSATION_ID,
} from '../../../data/semconv.js';
import { asId } from '../../../data/words.js';
import type { Operation } from '../../common/operation.js';
import { plainOperation } from '../../common/plain.js';

export const agentMemory: readonly Operation[] = ['GetAgentMemory', 'DeleteAgentMemory'].map((name) =>
  plainOperation({ name, spanType: 'MEMORY', requestFacts: readIds }),
);

function readIds({ agentId, agentAliasId, memoryId, sessionId }: JsonObject): Attributes {
  return {
    [ATTR_GEN_AI_AGENT_ID]: asId(agentId),
    [ATTR_AWS_BEDROCK_AGENT_ALIAS_ID]: asId(agentAliasId),
    [ATTR_AWS_BEDROCK_AGENT_MEMORY_ID]: asId(memoryId),
    [ATTR_GEN_AI_CONVERSATION_ID]: asId(sessionId),
  };
}
