/**
 * Amazon Nova Sonic, the events of a voice session: the requests and answers are what `voice-session.ts` adds them up to.
 * Its messages have the form of Converse.
 *
 * @see https://docs.aws.amazon.com/nova/latest/nova2-userguide/sonic-input-events.html
 */

import { asMembers, asNumber, asObject, asObjects, asString, type JsonObject, parseJson } from '../data/json.js';
import { finishReason, type OutputMessage } from '../data/messages.js';
import type { UsageReport } from '../data/usage.js';
import { asWord } from '../data/words.js';
import { blankDialect } from './blank.js';
import type { Dialect } from './dialect.js';
import { VoiceSession, type VoiceSessionOptions } from './fold/voice-session.js';
import { readConversation, readMessage, readToolConfig } from './messages/content-blocks.js';
import { readToolChoice } from './parameters/tool-choice.js';
import { viewConverseRequest, viewConverseResponse } from './view/converse.js';

export type { VoiceSession } from './fold/voice-session.js';

export function createVoiceSession(options: VoiceSessionOptions): VoiceSession {
  return new VoiceSession(options);
}

export const novaSonic: Dialect = {
  ...blankDialect('nova-sonic', 'chat'),
  chatView: { format: 'bedrock', request: viewConverseRequest, response: viewResponse },
  readParameters(body) {
    const inference = asMembers(asObject(body['sessionStart'])?.['inferenceConfiguration']);
    const prompt = asObject(body['promptStart']);
    return {
      maxTokens: asNumber(inference['maxTokens']),
      temperature: asNumber(inference['temperature']),
      topP: asNumber(inference['topP']),
      topK: asNumber(inference['topK']),
      // The first events of a session come after the start of its span.
      outputType: prompt && !prompt['audioOutputConfiguration'] ? undefined : 'speech',
      toolChoice: readToolChoice(asObject(prompt?.['toolConfiguration'])?.['toolChoice']),
    };
  },
  /** The model's own messages are output. */
  readInput(body) {
    const messages = asObjects(body['messages']).filter(({ origin }) => origin !== 'model');
    return readConversation({ ...body, messages });
  },
  readTools(body) {
    const config = asObject(asObject(body['promptStart'])?.['toolConfiguration']);
    return readToolConfig({ toolConfig: { tools: asObjects(config?.['tools']).map(withParsedSchema) } });
  },
  readResponse(body) {
    const reason = asWord(body['stopReason']);
    return {
      id: asString(body['completionId']),
      finishReasons: reason === undefined ? undefined : [reason],
      usage: readUsage(asObject(body['usage'])),
    };
  },
  readOutput(body) {
    const last = asObject(asObject(body['output'])?.['message']);
    return [...asObjects(body['messages']), ...(last ? [last] : [])].map(readSpoken);
  },
};

/** The view needs an answer, also if the user spoke last. */
function viewResponse(body: JsonObject): JsonObject {
  const { output = { message: { role: 'assistant', content: [] } } } = body;
  return viewConverseResponse({ ...body, output });
}

function readSpoken(raw: JsonObject): OutputMessage {
  const { role, parts } = readMessage(raw);
  return { role, parts, finish_reason: finishReason(asString(raw['stopReason'])) };
}

/** Unlike Converse, Nova Sonic has the schema of a tool as JSON text. */
function withParsedSchema(tool: JsonObject): JsonObject {
  const spec = asObject(tool['toolSpec']);
  const schema = asObject(spec?.['inputSchema']);
  const text = asString(schema?.['json']);
  if (!spec || text === undefined) return tool;
  return { ...tool, toolSpec: { ...spec, inputSchema: { json: parseJson(text) ?? text } } };
}

/** Reads the latest `usageEvent`, which has the figures of the whole session. Speech is audio. */
function readUsage(usage: JsonObject | undefined): UsageReport | undefined {
  if (!usage) return undefined;
  const total = asObject(asObject(usage['details'])?.['total']);
  const input = asMembers(total?.['input']);
  const output = asMembers(total?.['output']);
  return {
    inputTokens: asNumber(usage['totalInputTokens']) ?? sumOf(input),
    outputTokens: asNumber(usage['totalOutputTokens']) ?? sumOf(output),
    totalTokens: asNumber(usage['totalTokens']),
    textInputTokens: asNumber(input['textTokens']),
    audioInputTokens: asNumber(input['speechTokens']),
    textOutputTokens: asNumber(output['textTokens']),
    audioOutputTokens: asNumber(output['speechTokens']),
  };
}

function sumOf({ textTokens, speechTokens }: JsonObject): number | undefined {
  const [text, speech] = [asNumber(textTokens), asNumber(speechTokens)];
  return text === undefined && speech === undefined ? undefined : (text ?? 0) + (speech ?? 0);
}
