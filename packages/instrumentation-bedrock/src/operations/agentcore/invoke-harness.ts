/** InvokeHarness: a turn of an agent that AgentCore runs. */

import { asNumber, asString } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import { readConverseLatency } from '../../data/service.js';
import { asId, asWord } from '../../data/words.js';
import { harness, modelOf } from '../../dialects/agentcore/harness.js';
import { describedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';
import { withoutSecrets } from '../common/secrets.js';
import { agentIdentity } from './arn.js';

/** Where the input can have addresses and credentials. */
const CONFIGURATIONS = ['tools', 'skills', 'model'] as const;

export const invokeHarness: Operation = {
  ...describedOperation({
    name: 'InvokeHarness',
    spanType: 'AGENT',
    dialect: harness,
    modelOf: (input) => asString(modelOf(input)['modelId']),
    identity: ({ harnessArn }) => agentIdentity(harnessArn),
    requestFacts: (input) => ({
      [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(input['runtimeSessionId']),
      [semconv.ATTR_AWS_BEDROCK_AGENTCORE_QUALIFIER]: asWord(input['qualifier']),
      [semconv.ATTR_AWS_BEDROCK_AGENTCORE_MAX_ITERATIONS]: asNumber(input['maxIterations']),
    }),
    served: readConverseLatency,
    redact: (content) => withoutSecrets(content, CONFIGURATIONS),
    stream: 'stream',
  }),
  traceHeaders: ['traceparent', 'tracestate', 'baggage'],
};
