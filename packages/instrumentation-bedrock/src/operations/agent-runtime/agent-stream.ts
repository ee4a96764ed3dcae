/** The streams of agents: the answer, and the trace of what the agent did for it. */

import { AgentTrace } from '../../agent-trace/agent-trace.js';
import { counted } from '../../data/counted.js';
import {
  asBytes,
  asMembers,
  asObject,
  asObjects,
  asString,
  firstKey,
  isObject,
  type JsonObject,
} from '../../data/json.js';
import { ATTR_AWS_BEDROCK_AGENT_OMITTED_STEP_COUNT, ATTR_GEN_AI_AGENT_VERSION } from '../../data/semconv.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import type { AgentStopReason } from '../../dialects/agent/invocation.js';
import { createFold } from '../../dialects/index.js';
import { type DescribedOperation, describedAnswer, describedOperation } from '../common/described.js';
import type { Operation, OperationAnswer, OperationRequest, StreamOptions, StreamReader } from '../common/operation.js';

export function agentOperation(described: DescribedOperation): Operation {
  return {
    ...describedOperation(described),
    stream: {
      member: 'completion',
      createReader: (request, output, options) => createReader(described, request, output, options),
    },
  };
}

function createReader(
  described: DescribedOperation,
  request: OperationRequest,
  output: unknown,
  options: StreamOptions,
): StreamReader {
  const { withContent: content, maxRecordLength: maxLength, maxMediaBytes } = options;
  const fold = createFold(described.dialect, { content, maxLength, maxMediaBytes });
  const trace = new AgentTrace({ ...options, returned: returnedActions(request) });
  const head = readHead(output);
  const showChunk = chunkReader();
  let isControlReturned = false;
  const stopReason = (): AgentStopReason => (isControlReturned ? 'tool_call' : 'stop');
  return {
    read(event) {
      const members = unwrapUnknown(asMembers(event));
      if (members['trace'] !== undefined) trace.add(members['trace']);
      if (firstKey(members) === undefined || members['trace'] !== undefined) return undefined;
      isControlReturned ||= isObject(members['returnControl']);
      fold.add(members);
      return members;
    },
    show(event) {
      const members = asMembers(event);
      const name = firstKey(members) ?? 'chunk';
      return { name, value: name === 'chunk' ? showChunk(asObject(members[name])) : (members[name] ?? null) };
    },
    answer(hasEnded) {
      const isDone = hasEnded && fold.isComplete() !== false;
      const arrived = { ...fold.body(), ...(content ? traceContent(trace) : {}) };
      const body = { ...head, ...arrived, ...(isDone ? { stopReason: stopReason() } : {}) };
      const answer = withTrace(describedAnswer(described, body, options), trace);
      // The head alone says nothing of an answer.
      return firstKey(arrived) === undefined ? { ...answer, content: () => undefined } : answer;
    },
    isComplete: () => fold.isComplete(),
  };
}

/** The actions whose results the request has, with the id that the agent gave all of them. */
function returnedActions(request: OperationRequest): JsonObject[] {
  const { sessionState, inlineSessionState } = request.body() ?? {};
  const { invocationId, returnControlInvocationResults } = asObject(sessionState) ?? asMembers(inlineSessionState);
  return asObjects(returnControlInvocationResults).flatMap(({ functionResult, apiResult }): JsonObject[] =>
    asObjects([functionResult, apiResult]).map((result) => ({ ...result, invocationId })),
  );
}

function traceContent({ root, omittedContentCount: count }: AgentTrace): JsonObject {
  return {
    ...root.content(),
    ...(count > 0 ? { traceNotRecorded: `[${counted(count, 'part')} of the trace not recorded]` } : {}),
  };
}

/** Adds what the trace states of the outermost agent, and its steps. */
function withTrace(answer: OperationAnswer, trace: AgentTrace): OperationAnswer {
  const { root, omittedStepCount } = trace;
  return {
    ...answer,
    facts: {
      ...answer.facts,
      ...root.facts(),
      [ATTR_GEN_AI_AGENT_VERSION]: root.agentVersion,
      [ATTR_AWS_BEDROCK_AGENT_OMITTED_STEP_COUNT]: omittedStepCount || undefined,
    },
    service: () => ({ guardrailAction: root.guardrailAction }),
    steps: trace.steps(),
  };
}

/** The members of an output beside its stream. The SDK reads them from the headers. */
function readHead(output: unknown): JsonObject {
  const { contentType, sessionId, memoryId } = asMembers(output);
  const texts = Object.entries({ contentType, sessionId, memoryId }).filter(([, value]) => asString(value));
  return Object.fromEntries(texts);
}

/** Returns a function that shows the chunks of one stream, with text in the place of bytes. */
function chunkReader(): (chunk: JsonObject | undefined) => JsonObject {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (chunk = {}) => {
    const bytes = asBytes(chunk['bytes']);
    return bytes ? { ...chunk, bytes: decoder.decode(bytes, { stream: true }) } : chunk;
  };
}
