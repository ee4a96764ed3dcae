/** InvokeHarness: a turn of an agent that AgentCore runs. */

import { asArray, asNumber, asObject, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import { readConverseLatency } from '../../data/service.js';
import { asId, asWord } from '../../data/words.js';
import { harness, modelOf } from '../../dialects/agentcore/harness.js';
import { describedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';
import { agentIdentity } from './arn.js';

const DESCRIBED = describedOperation({
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
  stream: 'stream',
});

export const invokeHarness: Operation = {
  ...DESCRIBED,
  traceHeaders: ['traceparent', 'tracestate', 'baggage'],
  readRequest(input, limits) {
    const request = DESCRIBED.readRequest(input, limits);
    return { ...request, content: () => withoutSecrets(request.content()) };
  },
};

/** Hides the headers and the OAuth parameters of tools, which can be credentials. */
function withoutSecrets(content: JsonValue | undefined): JsonValue | undefined {
  const input = asObject(content);
  if (!input || !Array.isArray(input['tools'])) return content;
  return { ...input, tools: asArray(input['tools']).map(hideIn) };
}

const SECRET_MEMBERS: ReadonlySet<string> = new Set(['headers', 'customParameters']);

function hideIn(value: JsonValue): JsonValue {
  const object = asObject(value);
  if (!object) return value;
  const hidden: JsonObject = {};
  for (const [name, member] of Object.entries(object)) {
    const isSchema = name === 'inlineFunction';
    hidden[name] = isSchema ? member : SECRET_MEMBERS.has(name) ? hideValues(member) : hideIn(member ?? null);
  }
  return hidden;
}

function hideValues(members: JsonValue | undefined): JsonValue {
  return Object.fromEntries(Object.keys(asObject(members) ?? {}).map((name) => [name, '[redacted]']));
}
