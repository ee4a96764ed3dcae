/** InvokeInlineAgent: a turn of an agent that the request itself describes. */

import { asString, type JsonObject } from '../../data/json.js';
import {
  ATTR_AWS_BEDROCK_AGENT_COLLABORATION,
  ATTR_AWS_BEDROCK_AGENT_ORCHESTRATION_TYPE,
  ATTR_GEN_AI_AGENT_NAME,
} from '../../data/semconv.js';
import { asWord } from '../../data/words.js';
import type { DescribedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';
import { AGENT_OPERATION, agentRequestFacts } from './agent-request.js';
import { agentOperation } from './agent-stream.js';

const DESCRIBED: DescribedOperation = {
  ...AGENT_OPERATION,
  name: 'InvokeInlineAgent',
  modelOf: ({ foundationModel }) => asString(foundationModel),
  identity: ({ agentName }) => ({ [ATTR_GEN_AI_AGENT_NAME]: asWord(agentName) }),
  requestFacts: (input: JsonObject) => ({
    ...agentRequestFacts(input, input['knowledgeBases']),
    [ATTR_AWS_BEDROCK_AGENT_COLLABORATION]: asWord(input['agentCollaboration']),
    [ATTR_AWS_BEDROCK_AGENT_ORCHESTRATION_TYPE]: asWord(input['orchestrationType']),
  }),
};

export const invokeInlineAgent: Operation = agentOperation(DESCRIBED);
