/** InvokeAgentRuntime: a request to an agent or a tool that runs in AgentCore. Its answer is bytes in the agent's format. */

import type { Attributes } from '@opentelemetry/api';
import { mediaNote } from '../../data/cut.js';
import { asBytes, asMembers, asNumber, asString, type JsonObject, toJson } from '../../data/json.js';
import { identifyModel } from '../../data/model-id.js';
import { once } from '../../data/once.js';
import * as semconv from '../../data/semconv.js';
import { asId, asWord } from '../../data/words.js';
import { agentRuntime, isStreamed, runtimeFold } from '../../dialects/agentcore/runtime.js';
import { createFold } from '../../dialects/index.js';
import { readBody, withBody } from '../common/body.js';
import { WHOLE } from '../common/form.js';
import type {
  ContentLimits,
  Operation,
  OperationAnswer,
  OperationRequest,
  StreamOptions,
  StreamReader,
} from '../common/operation.js';
import { agentIdentity } from './arn.js';

export const invokeAgentRuntime: Operation = {
  name: 'InvokeAgentRuntime',
  spanType: 'AGENT',
  stream: { member: 'response', isRequested, createReader },
  traceHeaders: ['traceparent', 'tracestate', 'baggage'],
  readRequest(input, limits) {
    const raw = asMembers(input);
    const payload = once(() => readBody(raw['payload'], limits));
    return {
      modelId: undefined,
      model: identifyModel(undefined),
      identity: agentIdentity(raw['agentRuntimeArn']),
      facts: requestFacts(raw),
      dialect: agentRuntime,
      isCertain: true,
      body: () => undefined,
      content: () => withBody(raw, payload().value, limits, 'payload'),
      form: WHOLE,
      service: () => ({}),
      serviceIn: () => ({}),
    };
  },
  readAnswer(_request, output, limits) {
    const raw = asMembers(output);
    return answerOf(withBody(raw, readBody(raw['response'], limits).value, limits, 'response'), limits);
  },
};

/** Bytes are a stream only if the agent streams them. */
function isRequested(input: JsonObject): boolean {
  return isStreamed(asString(input['accept']));
}

function requestFacts(input: JsonObject): Attributes {
  const mcpMethod = asWord(input['mcpMethod']);
  return {
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(input['runtimeSessionId']),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_QUALIFIER]: asWord(input['qualifier']),
    [semconv.ATTR_MCP_SESSION_ID]: asId(input['mcpSessionId']),
    [semconv.ATTR_MCP_PROTOCOL_VERSION]: asWord(input['mcpProtocolVersion']),
    [semconv.ATTR_MCP_METHOD_NAME]: mcpMethod,
    ...(mcpMethod === 'tools/call' && { [semconv.ATTR_GEN_AI_TOOL_NAME]: asWord(input['mcpName']) }),
  };
}

function answerFacts(output: JsonObject): Attributes {
  return {
    // The SDK makes a session if the request names none.
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(output['runtimeSessionId']),
    [semconv.ATTR_MCP_SESSION_ID]: asId(output['mcpSessionId']),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_STATUS_CODE]: asNumber(output['statusCode']),
  };
}

function answerOf(output: JsonObject, limits: ContentLimits): OperationAnswer {
  return {
    dialect: agentRuntime,
    facts: answerFacts(output),
    body: () => undefined,
    content: () => toJson(output, limits),
    form: WHOLE,
    service: () => ({}),
    serviceIn: () => ({}),
  };
}

function createReader(_request: OperationRequest, output: unknown, options: StreamOptions): StreamReader {
  const { withContent: content, maxRecordLength: maxLength, maxMediaBytes } = options;
  // Copied at once: a reference to the output would keep an abandoned stream from being collected.
  const head = withBody(asMembers(output), undefined, options, 'response');
  const contentType = asString(head['contentType']);
  const isShown = isStreamed(contentType);
  const fold = createFold(runtimeFold(contentType), { content, maxLength, maxMediaBytes });
  const decode = createDecoder(contentType);
  let byteLength = 0;
  let isText = true;
  return {
    read(chunk) {
      const bytes = asBytes(chunk);
      byteLength += bytes?.byteLength ?? 0;
      if (!content) return isShown ? '' : undefined;
      const text = bytes && isText ? decode(bytes) : undefined;
      isText &&= text !== undefined;
      if (text === undefined) return undefined;
      fold.add({ text });
      // Pieces of an answer that is not streamed are those of the network.
      return isShown ? text : undefined;
    },
    show: (chunk) => ({ name: 'chunk', value: chunk }),
    answer(hasEnded) {
      const body = isText ? fold.body() : { response: mediaNote(byteLength) };
      return answerOf({ ...head, ...(content ? body : {}), ...(hasEnded ? {} : { incomplete: true }) }, options);
    },
    isComplete: () => undefined,
  };
}

/** Returns a function that decodes the pieces of a text; it returns undefined if they are none. */
function createDecoder(contentType: string | undefined): (bytes: Uint8Array) => string | undefined {
  const [, charset = 'utf-8'] = /;\s*charset="?([\w.:-]{1,40})/i.exec(contentType ?? '') ?? [];
  const decoder = decoderOf(charset) ?? new TextDecoder('utf-8', { fatal: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes, { stream: true });
    } catch {
      return undefined; // No failure: the answer is binary.
    }
  };
}

/** Returns undefined if Node.js does not know the charset. */
function decoderOf(charset: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch {
    return undefined;
  }
}
