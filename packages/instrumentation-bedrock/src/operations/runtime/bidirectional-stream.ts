/** InvokeModelWithBidirectionalStream: a voice session, in which application and model stream events to each other. */

import type { Attributes } from '@opentelemetry/api';
import {
  asBytes,
  asMembers,
  asNumber,
  asObject,
  asString,
  decodeText,
  isObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  toJson,
} from '../../data/json.js';
import { identifyModel } from '../../data/model-id.js';
import * as semconv from '../../data/semconv.js';
import { asWord } from '../../data/words.js';
import { createVoiceSession, novaSonic, type VoiceSession } from '../../dialects/nova-sonic.js';
import { readModelError } from '../common/model-error.js';
import type {
  ContentForm,
  InputSeam,
  Moment,
  Operation,
  OperationAnswer,
  OperationRequest,
  StreamOptions,
  StreamReader,
} from '../common/operation.js';
import { withMembers } from '../common/sent-input.js';

export const invokeModelBidirectional: Operation = {
  name: 'InvokeModelWithBidirectionalStream',
  spanType: 'CHAT_MODEL',
  stream: { member: 'body', createReader },
  readRequest,
  readAnswer: (request, output) => answerOf(request, sessions.get(request), asMembers(output)),
  inputToSend,
};

/** What the body of the form is: the events added up. */
const FORM: ContentForm = {
  bodyOf: (content) => asObject(asObject(content)?.['body']),
  show(content, view) {
    if (!view || !isObject(content) || !isObject(content['body'])) return content;
    const { body, ...rest } = content;
    return { ...rest, ...view(asMembers(body)) };
  },
};

/** Both directions of a call add to one session. */
const sessions = new WeakMap<OperationRequest, VoiceSession>();

function sessionOf(request: OperationRequest, options: StreamOptions): VoiceSession {
  const known = sessions.get(request);
  if (known) return known;
  const session = createVoiceSession({ content: options.withContent, maxLength: options.maxRecordLength });
  sessions.set(request, session);
  return session;
}

function readRequest(input: unknown): OperationRequest {
  const modelId = asString(asObject(input)?.['modelId']);
  const request: OperationRequest = {
    modelId,
    model: identifyModel(modelId),
    dialect: novaSonic,
    isCertain: true,
    isStreamed: true,
    get facts() {
      return requestFacts(sessions.get(request)?.config() ?? {});
    },
    body: () => sessions.get(request)?.config(),
    content: () => toJson({ modelId, body: sessions.get(request)?.request() }),
    form: FORM,
    service: () => ({}),
    serviceIn: () => ({}),
  };
  return request;
}

/** The SDK sends an iterable that reports each event, at the moment when the SDK reads it. */
function inputToSend(input: unknown, { request, options, observe }: InputSeam): unknown {
  const events = asObject(input)?.['body'] as unknown;
  // The application's middleware can send a command again. Then the session begins anew.
  sessions.delete(request);
  const session = sessionOf(request, options);
  const observed = observe(events, (event) => {
    const { chunk } = readChunk(event);
    if (chunk) session.addInput(eventOf(chunk), Date.now());
  });
  return observed === events ? input : withMembers(input, { body: observed });
}

function createReader(request: OperationRequest, output: unknown, options: StreamOptions): StreamReader {
  const session = sessionOf(request, options);
  const { body: _, ...rest } = asMembers(output);
  // Copied at once: a reference to the output would keep an abandoned stream from being collected.
  const copied = asMembers(toJson(rest));
  let error: OperationAnswer['error'];
  return {
    read(event) {
      const { chunk, text } = readChunk(event);
      if (!chunk) return text;
      const added = eventOf(chunk);
      error ??= readModelError(chunk) ?? readModelError(added);
      session.addOutput(added, Date.now());
      return chunk;
    },
    // Most events are audio. The transcripts are in the moments.
    show: () => undefined,
    answer: () => ({ ...answerOf(request, session, copied), error }),
    isComplete: () => session.isComplete(),
  };
}

function answerOf(request: OperationRequest, session: VoiceSession | undefined, rest: JsonObject): OperationAnswer {
  const body = session?.answer();
  return {
    dialect: request.dialect,
    facts: session && body && answerFacts(session, body),
    moments: session && momentsOf(session),
    body: () => body,
    content: () => toJson(body ? { ...rest, body } : rest),
    form: FORM,
    service: () => ({}),
    serviceIn: () => ({}),
  };
}

/** Each chunk is one event as JSON text: `{"event":{"<name>":{…}}}`. */
function readChunk(event: unknown): { readonly chunk?: JsonObject | undefined; readonly text?: string | undefined } {
  const bytes = asBytes(asObject(asObject(event)?.['chunk'])?.['bytes']);
  const text = bytes && decodeText(bytes);
  return {
    text,
    chunk: text === undefined ? undefined : asObject(AUDIO.test(text) ? parseAudio(text) : parseJson(text)),
  };
}

const AUDIO = /^\s*\{\s*"event"\s*:\s*\{\s*"audio(?:In|Out)put"/;

/** Most events are audio, whose base64 can look like long numbers. Nothing in them needs exact numbers. */
function parseAudio(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined; // No failure: the application receives any text.
  }
}

function eventOf(chunk: JsonObject): JsonObject {
  return asObject(chunk['event']) ?? chunk;
}

function requestFacts(config: JsonObject): Attributes {
  const start = asObject(config['sessionStart']);
  const prompt = asObject(config['promptStart']);
  const output = asObject(prompt?.['audioOutputConfiguration']);
  const turnDetection = asObject(start?.['turnDetectionConfiguration']);
  return defined({
    [semconv.ATTR_AWS_BEDROCK_VOICE_ID]: asWord(output?.['voiceId']),
    [semconv.ATTR_AWS_BEDROCK_VOICE_AUDIO_OUTPUT_SAMPLE_RATE]: asNumber(output?.['sampleRateHertz']),
    [semconv.ATTR_AWS_BEDROCK_VOICE_AUDIO_INPUT_SAMPLE_RATE]: asNumber(
      asObject(config['audioInputConfiguration'])?.['sampleRateHertz'],
    ),
    [semconv.ATTR_AWS_BEDROCK_VOICE_ENDPOINTING_SENSITIVITY]:
      asWord(turnDetection?.['endpointingSensitivity']) ?? asWord(start?.['endpointingSensitivity']),
  });
}

function answerFacts({ turns, audio }: VoiceSession, body: JsonObject): Attributes {
  return defined({
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asWord(body['sessionId']),
    [semconv.ATTR_AWS_BEDROCK_VOICE_PROMPT_NAME]: asWord(body['promptName']),
    [semconv.ATTR_AWS_BEDROCK_VOICE_USER_TURN_COUNT]: turns.counts.user,
    [semconv.ATTR_AWS_BEDROCK_VOICE_ASSISTANT_TURN_COUNT]: turns.counts.assistant,
    [semconv.ATTR_AWS_BEDROCK_VOICE_INTERRUPTION_COUNT]: turns.counts.interruptions,
    [semconv.ATTR_AWS_BEDROCK_VOICE_TOOL_CALL_COUNT]: turns.counts.toolCalls,
    [semconv.ATTR_AWS_BEDROCK_VOICE_AUDIO_INPUT_DURATION]: seconds(audio.input),
    [semconv.ATTR_AWS_BEDROCK_VOICE_AUDIO_OUTPUT_DURATION]: seconds(audio.output),
  });
}

/** Rounds to milliseconds, because the sum of many pieces has rounding errors. */
function seconds(sum: number): number | undefined {
  return sum > 0 ? Math.round(sum * 1000) / 1000 : undefined;
}

function momentsOf(session: VoiceSession): Moment[] {
  return session.moments.map(({ kind, time, entry }) => ({
    name: `aws.bedrock.voice.${kind}`,
    time: new Date(entry?.time ?? time),
    facts: defined({
      [semconv.ATTR_AWS_BEDROCK_VOICE_TURN_ROLE]: entry?.role,
      [semconv.ATTR_GEN_AI_TOOL_NAME]: entry?.toolName,
      [semconv.ATTR_GEN_AI_TOOL_CALL_ID]: entry?.toolCallId,
      [semconv.ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: entry?.reason === undefined ? undefined : [entry.reason],
    }),
    content: (): JsonValue | undefined => entry?.content(),
  }));
}

function defined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
