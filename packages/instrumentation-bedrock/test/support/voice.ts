/** Voice sessions of the tests: events of both directions, written as an application and the service write them. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { type SimulatedResponse, type Simulator, type StreamEvent, startSimulator } from 'bedrock-simulator';

export type Json = Record<string, unknown>;

export const MODEL = 'amazon.nova-sonic-v1:0';
export const PROMPT_NAME = '5f0d9c1e-3b7a-4c52-9d11-6a2f0b8e7c43';
export const SESSION_ID = '0c9a4e57-91d2-4f6b-8a3c-5e7d2b1f6a90';
export const COMPLETION_ID = '7b2e6d18-4c03-4a9f-b5d6-1f8c3a0e9d25';

/** The SDK's form of one event. */
export const chunk = (event: Json): { chunk: { bytes: Uint8Array } } => ({
  chunk: { bytes: Buffer.from(JSON.stringify({ event })) },
});

const prompt = { promptName: PROMPT_NAME };

/** The events that begin a session: parameters, voice, tools, and the system prompt. */
export function opening({ system = 'Be brief.', tools }: { system?: string; tools?: readonly Json[] } = {}): Json[] {
  return [
    {
      sessionStart: {
        inferenceConfiguration: { maxTokens: 1024, topP: 0.9, temperature: 0.7 },
        turnDetectionConfiguration: { endpointingSensitivity: 'HIGH' },
      },
    },
    {
      promptStart: {
        ...prompt,
        textOutputConfiguration: { mediaType: 'text/plain' },
        audioOutputConfiguration: {
          ...{ mediaType: 'audio/lpcm', sampleRateHertz: 24_000, sampleSizeBits: 16, channelCount: 1 },
          ...{ voiceId: 'matthew', encoding: 'base64', audioType: 'SPEECH' },
        },
        ...(tools && {
          toolUseOutputConfiguration: { mediaType: 'application/json' },
          toolConfiguration: { tools, toolChoice: { auto: {} } },
        }),
      },
    },
    ...textInput('SYSTEM', system),
  ];
}

let names = 0;

export function textInput(role: string, content: string): Json[] {
  const contentName = `text-${names++}`;
  const textInputConfiguration = { mediaType: 'text/plain' };
  return [
    { contentStart: { ...prompt, contentName, type: 'TEXT', interactive: true, role, textInputConfiguration } },
    { textInput: { ...prompt, contentName, content } },
    { contentEnd: { ...prompt, contentName } },
  ];
}

/** @param pieces the audio of each event. */
export function audioInput(pieces: readonly Buffer[]): Json[] {
  const contentName = `audio-${names++}`;
  const audioInputConfiguration = {
    ...{ mediaType: 'audio/lpcm', sampleRateHertz: 16_000, sampleSizeBits: 16, channelCount: 1 },
    ...{ audioType: 'SPEECH', encoding: 'base64' },
  };
  return [
    {
      contentStart: { ...prompt, contentName, type: 'AUDIO', interactive: true, role: 'USER', audioInputConfiguration },
    },
    ...pieces.map((pcm) => ({ audioInput: { ...prompt, contentName, content: pcm.toString('base64') } })),
    { contentEnd: { ...prompt, contentName } },
  ];
}

export function toolResult(toolUseId: string, content: string): Json[] {
  const contentName = `result-${names++}`;
  const toolResultInputConfiguration = { toolUseId, type: 'TEXT', textInputConfiguration: { mediaType: 'text/plain' } };
  return [
    {
      contentStart: {
        ...prompt,
        contentName,
        type: 'TOOL',
        interactive: false,
        role: 'TOOL',
        toolResultInputConfiguration,
      },
    },
    { toolResult: { ...prompt, contentName, content } },
    { contentEnd: { ...prompt, contentName } },
  ];
}

export const closing: readonly Json[] = [{ promptEnd: { ...prompt } }, { sessionEnd: {} }];

const ids = { sessionId: SESSION_ID, ...prompt, completionId: COMPLETION_ID };

/** Events of the service. */
export const service = {
  start: (): Json => ({ completionStart: { ...ids } }),
  text(role: string, generationStage: string | undefined, content: string, stopReason = 'PARTIAL_TURN'): Json[] {
    const contentId = `content-${names++}`;
    const additionalModelFields = generationStage && JSON.stringify({ generationStage });
    return [
      {
        contentStart: {
          ...ids,
          contentId,
          type: 'TEXT',
          role,
          ...(additionalModelFields && { additionalModelFields }),
        },
      },
      { textOutput: { ...ids, contentId, role, content } },
      { contentEnd: { ...ids, contentId, type: 'TEXT', stopReason } },
    ];
  },
  audio(pieces: readonly Buffer[], stopReason = 'PARTIAL_TURN'): Json[] {
    const contentId = `content-${names++}`;
    const audioOutputConfiguration = {
      mediaType: 'audio/lpcm',
      sampleRateHertz: 24_000,
      sampleSizeBits: 16,
      channelCount: 1,
    };
    return [
      { contentStart: { ...ids, contentId, type: 'AUDIO', role: 'ASSISTANT', audioOutputConfiguration } },
      ...pieces.map((pcm) => ({
        audioOutput: { ...ids, contentId, role: 'ASSISTANT', content: pcm.toString('base64') },
      })),
      { contentEnd: { ...ids, contentId, type: 'AUDIO', stopReason } },
    ];
  },
  toolUse(toolName: string, toolUseId: string, content: string): Json[] {
    const contentId = `content-${names++}`;
    return [
      { contentStart: { ...ids, contentId, type: 'TOOL', role: 'TOOL' } },
      { toolUse: { ...ids, contentId, role: 'TOOL', toolName, toolUseId, content } },
      { contentEnd: { ...ids, contentId, type: 'TOOL', stopReason: 'TOOL_USE' } },
    ];
  },
  /** @param tokens speech and text of the input, then of the output, for the whole session so far. */
  usage([inSpeech, inText, outSpeech, outText]: readonly [number, number, number, number]): Json {
    const total = {
      input: { speechTokens: inSpeech, textTokens: inText },
      output: { speechTokens: outSpeech, textTokens: outText },
    };
    const [totalInputTokens, totalOutputTokens] = [inSpeech + inText, outSpeech + outText];
    const totals = { totalInputTokens, totalOutputTokens, totalTokens: totalInputTokens + totalOutputTokens };
    return { usageEvent: { ...ids, details: { delta: total, total }, ...totals } };
  },
  end: (stopReason = 'END_TURN'): Json => ({ completionEnd: { ...ids, stopReason } }),
};

/** A whole turn of the model: planned, spoken, transcribed. */
export function spoken(text: string): Json[] {
  return [
    ...service.text('ASSISTANT', 'SPECULATIVE', text),
    ...service.audio([Buffer.alloc(4800), Buffer.alloc(4800)], 'END_TURN'),
    ...service.text('ASSISTANT', 'FINAL', text, 'END_TURN'),
  ];
}

/** What a script of the service does next: sends an event, or waits for the named event of the application. */
export type Step = Json | { readonly wait: string };

/** Answers by a script. The simulator sends the events of a step after the application's event that it waits for. */
export async function* scripted(input: AsyncIterable<Json>, steps: readonly Step[]): AsyncGenerator<StreamEvent> {
  const events = input[Symbol.asyncIterator]();
  for (const step of steps) {
    if (!('wait' in step)) {
      yield frameOf(step);
      continue;
    }
    for (let seen = false; !seen; ) {
      const { value, done } = await events.next();
      seen = done === true || Object.hasOwn((value as { event?: object }).event ?? {}, String(step.wait));
    }
  }
}

/** A step can also be an exception or an error frame, which have no name among the events. */
function frameOf(step: Json): StreamEvent {
  const { $exception, $error } = step;
  const payload = { message: 'failed in mid-session' };
  if ($exception !== undefined) return { type: String($exception), messageType: 'exception', payload };
  if ($error !== undefined) return { type: String($error), messageType: 'error', payload };
  return { type: 'chunk', payload: { event: step } };
}

/** Starts a simulator whose sessions follow a script. */
export function scriptedSimulator(steps: readonly Step[], answer: Partial<SimulatedResponse> = {}): Promise<Simulator> {
  return startSimulator({
    respond: ({ input }) => ({ events: scripted((input ?? noEvents()) as AsyncIterable<Json>, steps), ...answer }),
  });
}

async function* noEvents(): AsyncGenerator<never> {}

export function command(body: AsyncIterable<object>, modelId = MODEL): sdk.InvokeModelWithBidirectionalStreamCommand {
  return new sdk.InvokeModelWithBidirectionalStreamCommand({ modelId, body: body as never });
}

/**
 * Runs a session as an application does: the input waits where a step says so, until the application has received the
 * named event of the service. Returns what the application received.
 */
export async function converse(client: sdk.BedrockRuntimeClient, input: readonly Step[]): Promise<Json[]> {
  const received: Json[] = [];
  let onEvent = (): void => {};
  async function* speak(): AsyncGenerator<object> {
    for (const step of input) {
      if (!('wait' in step)) {
        yield chunk(step);
        continue;
      }
      while (!received.some((event) => String(step.wait) in event)) {
        await new Promise<void>((resolve) => {
          onEvent = resolve;
        });
      }
    }
  }
  const { body } = await client.send(command(speak()));
  for await (const output of body ?? []) {
    received.push(eventOf(output));
    onEvent();
  }
  return received;
}

/** An input of events that are all there at once. */
export async function* sending(events: readonly Json[]): AsyncGenerator<object> {
  for (const event of events) yield chunk(event);
}

/** Returns the application's event in a chunk of the answer. */
export function eventOf(output: { readonly chunk?: { readonly bytes?: Uint8Array | undefined } | undefined }): Json {
  return (JSON.parse(Buffer.from(output.chunk?.bytes ?? []).toString()) as { event: Json }).event;
}
