import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BedrockRuntimeClient, InvokeModelWithBidirectionalStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { EventQueue } from './event-queue.js';
import { runTool, toolConfiguration } from './tools.js';

const bedrock = new BedrockRuntimeClient();
const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-sonic-v1:0';
const SYSTEM = 'You are a friend. Answer in one or two short sentences.';
const FRAME_MILLIS = 32;
/** 16-bit samples, 16,000 per second. */
const FRAME_BYTES = (FRAME_MILLIS * 16_000 * 2) / 1000;
/** The model answers after a pause. */
const PAUSE_FRAMES = 70;

const pcm = { mediaType: 'audio/lpcm', sampleSizeBits: 16, channelCount: 1, encoding: 'base64', audioType: 'SPEECH' };
const text = { mediaType: 'text/plain' };

export interface Turn {
  heard: string;
  said: string;
}

/** The members of the service's events that this example reads. */
interface ServiceEvent {
  contentStart?: { contentId: string; role: string; additionalModelFields?: string };
  textOutput?: { contentId: string; role: string; content: string };
  audioOutput?: { content: string };
  toolUse?: { toolName: string; toolUseId: string; content: string };
  contentEnd?: { type: string; stopReason: string };
}

/** A conversation by voice. It is one call to Bedrock, in which both sides stream events. */
export class VoiceSession {
  readonly #input = new EventQueue();
  readonly #prompt = { promptName: randomUUID() };
  readonly #microphone = { ...this.#prompt, contentName: randomUUID() };
  readonly #isLive: boolean;
  readonly #reading: Promise<void>;
  #turn: Turn = { heard: '', said: '' };
  #endTurn = (): void => {};
  #spokenBytes = 0;

  /** Begins the session. */
  constructor({ isLive }: { isLive: boolean }) {
    this.#isLive = isLive;
    this.#sendOpening();
    // Not awaited here: the SDK answers when the model has sent its first event, and the model listens first.
    this.#reading = this.#read();
    // An error is thrown where the application waits for the model.
    this.#reading.catch(() => {});
  }

  /** Says something, and waits until the model has answered. */
  async say(speech: Buffer): Promise<Turn> {
    this.#turn = { heard: '', said: '' };
    const answered = new Promise<void>((resolve) => {
      this.#endTurn = resolve;
    });
    const audio = Buffer.concat([speech, Buffer.alloc(PAUSE_FRAMES * FRAME_BYTES)]);
    for (let start = 0; start < audio.length; start += FRAME_BYTES) {
      const content = audio.subarray(start, start + FRAME_BYTES).toString('base64');
      this.#input.send({ audioInput: { ...this.#microphone, content } });
      if (this.#isLive) await sleep(FRAME_MILLIS);
    }
    await Promise.race([answered, this.#reading]);
    return this.#turn;
  }

  /** Ends the session. Returns how long the model has spoken. */
  async close(): Promise<{ seconds: number }> {
    this.#input.send({ contentEnd: this.#microphone });
    this.#input.send({ promptEnd: this.#prompt });
    this.#input.send({ sessionEnd: {} });
    this.#input.close();
    await this.#reading;
    return { seconds: this.#spokenBytes / 2 / 24_000 };
  }

  #sendOpening(): void {
    const system = { ...this.#prompt, contentName: randomUUID() };
    this.#input.send({ sessionStart: { inferenceConfiguration: { maxTokens: 1024, topP: 0.9, temperature: 0.7 } } });
    this.#input.send({
      promptStart: {
        ...this.#prompt,
        textOutputConfiguration: text,
        audioOutputConfiguration: { ...pcm, sampleRateHertz: 24_000, voiceId: 'matthew' },
        toolUseOutputConfiguration: { mediaType: 'application/json' },
        toolConfiguration,
      },
    });
    this.#input.send({ contentStart: { ...system, type: 'TEXT', role: 'SYSTEM', textInputConfiguration: text } });
    this.#input.send({ textInput: { ...system, content: SYSTEM } });
    this.#input.send({ contentEnd: system });
    const audioInputConfiguration = { ...pcm, sampleRateHertz: 16_000 };
    const start = { type: 'AUDIO', interactive: true, role: 'USER', audioInputConfiguration };
    this.#input.send({ contentStart: { ...this.#microphone, ...start } });
  }

  async #read(): Promise<void> {
    const { body } = await bedrock.send(new InvokeModelWithBidirectionalStreamCommand({ modelId, body: this.#input }));
    const planned = new Set<string>();
    for await (const { chunk } of body ?? []) {
      const { event } = JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()) as { event: ServiceEvent };
      const { contentStart, textOutput, audioOutput, toolUse, contentEnd } = event;
      // The model sends its words twice: what it plans to say, and what it has said.
      if (contentStart?.additionalModelFields?.includes('SPECULATIVE')) planned.add(contentStart.contentId);
      if (textOutput?.role === 'USER') this.#turn.heard += textOutput.content;
      else if (textOutput && planned.has(textOutput.contentId)) this.#turn.said += `${textOutput.content} `;
      // A real application would play the audio.
      if (audioOutput) this.#spokenBytes += Buffer.byteLength(audioOutput.content, 'base64');
      if (toolUse) void this.#answerToolUse(toolUse);
      if (contentEnd?.type === 'AUDIO' && contentEnd.stopReason === 'END_TURN') this.#endTurn();
    }
  }

  async #answerToolUse({ toolName, toolUseId, content: input }: NonNullable<ServiceEvent['toolUse']>): Promise<void> {
    const content = await runTool(toolName, input);
    const result = { ...this.#prompt, contentName: randomUUID() };
    const toolResultInputConfiguration = { toolUseId, type: 'TEXT', textInputConfiguration: text };
    this.#input.send({
      contentStart: { ...result, type: 'TOOL', interactive: false, role: 'TOOL', toolResultInputConfiguration },
    });
    this.#input.send({ toolResult: { ...result, content } });
    this.#input.send({ contentEnd: result });
  }
}
