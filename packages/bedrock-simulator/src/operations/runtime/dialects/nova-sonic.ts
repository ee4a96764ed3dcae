import { uuidOf } from '../../../digest.js';
import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '../../../json.js';
import type { Message, Tool, ToolCall } from '../../../model/conversation.js';
import type { ScriptedModel } from '../../../model/scripted-model.js';
import { INPUT_RATE, Listener, OUTPUT_RATE, speak } from '../../../model/speech.js';
import { countTokens } from '../../../model/tokens.js';

/** In bytes of audio per event. */
const AUDIO_PIECE = 4_800;
/** Speech has about 25 tokens per second in the service's own figures. */
const SPEECH_TOKENS_PER_SECOND = 25;

interface Usage {
  readonly input: { speechTokens: number; textTokens: number };
  readonly output: { speechTokens: number; textTokens: number };
}

/** Answers the events of one session as Amazon Nova Sonic does: hears, calls tools, speaks. */
export async function* converseByVoice(
  input: AsyncIterable<JsonObject>,
  modelId: string,
  model: ScriptedModel,
): AsyncGenerator<object> {
  const session = new Session(modelId, model);
  for await (const { event } of input) {
    const [name = '', value] = Object.entries(objectOf(event))[0] ?? [];
    yield* session.answer(name, objectOf(value));
    if (name === 'sessionEnd') return;
  }
}

/** A content between its `contentStart` and its `contentEnd`. */
interface Content {
  readonly start: JsonObject;
  readonly rate: number;
  readonly listener: Listener;
  text: string;
}

function startContent(start: JsonObject): Content {
  const rate = numberOf(objectOf(start['audioInputConfiguration'])['sampleRateHertz']) ?? INPUT_RATE;
  return { start, rate, listener: new Listener(rate), text: '' };
}

class Session {
  readonly #modelId: string;
  readonly #model: ScriptedModel;
  #ids = 0;
  readonly #usage: Usage = { input: { speechTokens: 0, textTokens: 0 }, output: { speechTokens: 0, textTokens: 0 } };
  readonly #messages: Message[] = [];
  #tools: readonly Tool[] = [];
  #promptName = '';
  #outputRate = OUTPUT_RATE;
  #isStarted = false;
  /** The contents that the client is sending, by their name: a tool's result can come while the microphone is on. */
  readonly #contents = new Map<string, Content>();
  #calls: readonly ToolCall[] = [];

  constructor(modelId: string, model: ScriptedModel) {
    this.#modelId = modelId;
    this.#model = model;
  }

  *answer(name: string, value: JsonObject): Generator<object> {
    if (name === 'promptStart') this.#startPrompt(value);
    const content = this.#contents.get(stringOf(value['contentName']));
    if (name === 'contentStart') this.#contents.set(stringOf(value['contentName']), startContent(value));
    if (content && (name === 'textInput' || name === 'toolResult')) content.text += stringOf(value['content']);
    if (content && name === 'audioInput') yield* this.#hear(content, Buffer.from(stringOf(value['content']), 'base64'));
    if (content && name === 'contentEnd') {
      this.#contents.delete(stringOf(value['contentName']));
      yield* this.#endContent(content);
    }
    if (name === 'promptEnd' && this.#isStarted) yield this.#event('completionEnd', { stopReason: 'END_TURN' });
  }

  #startPrompt(prompt: JsonObject): void {
    this.#promptName = stringOf(prompt['promptName']);
    this.#outputRate = numberOf(objectOf(prompt['audioOutputConfiguration'])['sampleRateHertz']) ?? OUTPUT_RATE;
    this.#tools = arrayOf(objectOf(prompt['toolConfiguration'])['tools']).map((tool) => {
      const { name, inputSchema } = objectOf(objectOf(tool)['toolSpec']);
      return { name: stringOf(name), schema: parse(stringOf(objectOf(inputSchema)['json'])) };
    });
  }

  *#hear({ rate, listener }: Content, pcm: Buffer): Generator<object> {
    this.#usage.input.speechTokens += Math.round((pcm.length / 2 / rate) * SPEECH_TOKENS_PER_SECOND);
    const said = listener.hear(pcm);
    if (said !== undefined) yield* this.#answerSpeech(said);
  }

  *#endContent({ start, text, listener }: Content): Generator<object> {
    const { type, role, interactive } = start;
    this.#usage.input.textTokens += countTokens(text);
    if (type === 'AUDIO') {
      const said = listener.end();
      if (said !== undefined) yield* this.#answerSpeech(said);
    } else if (role === 'TOOL') {
      const config = objectOf(start['toolResultInputConfiguration']);
      const result = { id: stringOf(config['toolUseId']), text, failed: false };
      this.#messages.push({ role: 'user', text: '', toolCalls: [], toolResults: [result] });
      this.#calls = this.#calls.filter(({ id }) => id !== result.id);
      if (this.#calls.length === 0) yield* this.#reply();
    } else if (role === 'USER' || role === 'ASSISTANT') {
      this.#messages.push({ role: role.toLowerCase(), text, toolCalls: [], toolResults: [] });
      if (interactive === true) yield* this.#reply();
    }
  }

  *#answerSpeech(said: string): Generator<object> {
    yield* this.#start();
    yield* this.#textContent('USER', 'FINAL', said, 'PARTIAL_TURN');
    this.#messages.push({ role: 'user', text: said, toolCalls: [], toolResults: [] });
    yield* this.#reply();
  }

  *#start(): Generator<object> {
    if (this.#isStarted) return;
    this.#isStarted = true;
    yield this.#event('completionStart', {});
  }

  *#reply(): Generator<object> {
    yield* this.#start();
    const { text, toolCalls } = this.#model.reply(this.#modelId, {
      prompt: [],
      messages: this.#messages,
      tools: this.#tools,
      forceTool: false,
      maxTokens: undefined,
    });
    this.#messages.push({ role: 'assistant', text, toolCalls, toolResults: [] });
    this.#calls = toolCalls;
    if (toolCalls.length > 0) for (const call of toolCalls) yield* this.#toolContent(call);
    else yield* this.#speak(text);
    yield this.#event('usageEvent', this.#figures());
  }

  *#toolContent({ id, name, input }: ToolCall): Generator<object> {
    const content = { contentId: this.#newId(), role: 'TOOL', type: 'TOOL' };
    const use = { toolName: name, toolUseId: id, content: JSON.stringify(input) };
    this.#usage.output.textTokens += countTokens(use.content);
    yield this.#event('contentStart', {
      ...content,
      toolUseOutputConfiguration: { mediaType: 'application/json' },
    });
    yield this.#event('toolUse', { contentId: content.contentId, role: 'TOOL', ...use });
    yield this.#event('contentEnd', { ...content, stopReason: 'TOOL_USE' });
  }

  /** Each sentence is planned as text, then spoken. At the end the transcript of what was spoken follows. */
  *#speak(text: string): Generator<object> {
    const sentences = text.match(/[^.!?]+[.!?]*[)"]*\s*/g)?.map((sentence) => sentence.trim()) ?? [text];
    for (const [index, sentence] of sentences.entries()) {
      const stopReason = index === sentences.length - 1 ? 'END_TURN' : 'PARTIAL_TURN';
      yield* this.#textContent('ASSISTANT', 'SPECULATIVE', sentence, 'PARTIAL_TURN');
      yield* this.#audioContent(sentence, stopReason);
    }
    for (const [index, sentence] of sentences.entries()) {
      const stopReason = index === sentences.length - 1 ? 'END_TURN' : 'PARTIAL_TURN';
      yield* this.#textContent('ASSISTANT', 'FINAL', sentence, stopReason);
    }
    this.#usage.output.textTokens += countTokens(text);
  }

  *#textContent(role: string, generationStage: string, text: string, stopReason: string): Generator<object> {
    const content = { contentId: this.#newId(), role, type: 'TEXT' };
    yield this.#event('contentStart', {
      ...content,
      additionalModelFields: JSON.stringify({ generationStage }),
      textOutputConfiguration: { mediaType: 'text/plain' },
    });
    yield this.#event('textOutput', { contentId: content.contentId, role, content: text });
    const { contentId, type } = content;
    yield this.#event('contentEnd', { contentId, type, stopReason });
  }

  *#audioContent(text: string, stopReason: string): Generator<object> {
    const contentId = this.#newId();
    const pcm = speak(text, this.#outputRate);
    this.#usage.output.speechTokens += Math.round((pcm.length / 2 / this.#outputRate) * SPEECH_TOKENS_PER_SECOND);
    yield this.#event('contentStart', {
      ...{ contentId, role: 'ASSISTANT', type: 'AUDIO' },
      audioOutputConfiguration: {
        ...{ mediaType: 'audio/lpcm', sampleRateHertz: this.#outputRate, sampleSizeBits: 16 },
        ...{ channelCount: 1, encoding: 'base64' },
      },
    });
    for (let start = 0; start < pcm.length; start += AUDIO_PIECE) {
      const content = pcm.subarray(start, start + AUDIO_PIECE).toString('base64');
      yield this.#event('audioOutput', { contentId, role: 'ASSISTANT', content });
    }
    yield this.#event('contentEnd', { contentId, type: 'AUDIO', stopReason });
  }

  #event(name: string, members: object): object {
    const promptName = this.#promptName;
    const ids = { sessionId: this.#idOf('session'), promptName, completionId: this.#idOf('completion') };
    return { [name]: { ...ids, ...members } };
  }

  #newId(): string {
    return this.#idOf(`content ${this.#ids++}`);
  }

  /** Equal sessions get equal ids. Applications make a new name for each prompt. */
  #idOf(part: string): string {
    return uuidOf([this.#modelId, this.#promptName, part]);
  }

  /** All tokens of the session so far. */
  #figures(): object {
    const { input, output } = this.#usage;
    const totalInputTokens = input.speechTokens + input.textTokens;
    const totalOutputTokens = output.speechTokens + output.textTokens;
    return {
      details: { total: { input: { ...input }, output: { ...output } } },
      ...{ totalInputTokens, totalOutputTokens, totalTokens: totalInputTokens + totalOutputTokens },
    };
  }
}

function parse(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}
