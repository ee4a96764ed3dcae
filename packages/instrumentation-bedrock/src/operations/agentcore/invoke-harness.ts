/** InvokeHarness: a turn of an agent that AgentCore runs. */

import { asNumber, asObject, asString, type JsonObject, type JsonValue, setMember } from '../../data/json.js';
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

/** Where the input can have addresses and credentials. Messages and prompts can have members of the same names. */
const CONFIGURATIONS = ['tools', 'skills', 'model'] as const;

/** Hides what can be credentials: headers and OAuth parameters of tools, and parts of addresses. */
function withoutSecrets(content: JsonValue | undefined): JsonValue | undefined {
  const input = asObject(content);
  if (!input) return content;
  const hidden = CONFIGURATIONS.flatMap((name) => (name in input ? [[name, hideIn(input[name] ?? null)]] : []));
  return { ...input, ...Object.fromEntries(hidden) };
}

const SECRET_MEMBERS: ReadonlySet<string> = new Set(['headers', 'customParameters']);
const ADDRESSES: ReadonlySet<string> = new Set(['url', 'apiBase']);

function hideIn(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(hideIn);
  const object = asObject(value);
  if (!object) return value;
  const hidden: JsonObject = {};
  for (const [name, member] of Object.entries(object)) setMember(hidden, name, hideMember(name, member ?? null));
  return hidden;
}

function hideMember(name: string, member: JsonValue): JsonValue {
  // The schema of a function can have parameters of any name.
  if (name === 'inlineFunction') return member;
  if (SECRET_MEMBERS.has(name)) return hideValues(member);
  return ADDRESSES.has(name) && typeof member === 'string' ? hideInAddress(member) : hideIn(member);
}

function hideValues(members: JsonValue): JsonValue {
  return Object.fromEntries(Object.keys(asObject(members) ?? {}).map((name) => [name, REDACTED]));
}

const REDACTED = '[redacted]';

/** Keeps host and path. A user, a password and parameters can be credentials. */
function hideInAddress(address: string): string {
  if (!URL.canParse(address)) return REDACTED;
  const { protocol, host, pathname, search } = new URL(address);
  return `${protocol}//${host}${pathname}${search && `?${REDACTED}`}`;
}
