/** InvokeAgent: a turn of an agent that is set up in the account. */

import { asObject, type JsonObject } from '../../data/json.js';
import {
  ATTR_AWS_BEDROCK_AGENT_ALIAS_ID,
  ATTR_AWS_BEDROCK_AGENT_MEMORY_ID,
  ATTR_GEN_AI_AGENT_ID,
} from '../../data/semconv.js';
import { asId } from '../../data/words.js';
import type { DescribedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';
import { AGENT_OPERATION, agentRequestFacts } from './agent-request.js';
import { agentOperation } from './agent-stream.js';

const DESCRIBED: DescribedOperation = {
  ...AGENT_OPERATION,
  name: 'InvokeAgent',
  identity: ({ agentId }) => ({ [ATTR_GEN_AI_AGENT_ID]: asId(agentId) }),
  requestFacts: (input: JsonObject) => ({
    ...agentRequestFacts(input, asObject(input['sessionState'])?.['knowledgeBaseConfigurations']),
    [ATTR_AWS_BEDROCK_AGENT_ALIAS_ID]: asId(input['agentAliasId']),
    [ATTR_AWS_BEDROCK_AGENT_MEMORY_ID]: asId(input['memoryId']),
  }),
};

export const invokeAgent: Operation = agentOperation(DESCRIBED);
