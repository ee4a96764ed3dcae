/** Adds up the events of both directions of a voice session, as Amazon Nova Sonic has them. */

import { counted } from '../../data/counted.js';
import {
  asMembers,
  asNumber,
  asObject,
  asString,
  firstKey,
  type JsonObject,
  parseJson,
  setMember,
} from '../../data/json.js';
import { LastMembers } from './pieces/last-members.js';
import type { Entry } from './voice-messages.js';
import { type SessionMoment, type SpeechBlock, type TextTarget, VoiceTurns } from './voice-turns.js';

export interface VoiceSessionOptions {
  /** False if no content is recorded. Then the memory of a session does not grow with its length. */
  readonly content: boolean;
  /** In characters, for all texts together. */
  readonly maxLength: number;
}

/** A piece of content between its `contentStart` and its `contentEnd`. */
interface OpenContent {
  readonly start: JsonObject;
  /** Absent before the first text. */
  target?: TextTarget;
  /** Absent before the first text of speech. */
  speech?: SpeechBlock;
}

const MAX_OPEN = 256;
const MAX_OTHERS = 32;
const INTERRUPTED = /^\s*\{\s*"interrupted"\s*:\s*true\s*\}\s*$/;
const IDS = ['sessionId', 'promptName', 'completionId'];

export class VoiceSession {
  readonly turns: VoiceTurns;
  /** In seconds. */
  readonly audio = { input: 0, output: 0 };
  readonly #content: boolean;
  readonly #config = new LastMembers();
  readonly #answer = new LastMembers();
  readonly #otherInput = new LastMembers();
  readonly #otherOutput = new LastMembers();
  readonly #input = new Map<string, OpenContent>();
  readonly #output = new Map<string, OpenContent>();
  #hasInput = false;
  #isInputEnded = false;
  #isComplete = false;
  #hasAnswer = false;

  constructor({ content, maxLength }: VoiceSessionOptions) {
    this.#content = content;
    this.turns = new VoiceTurns({ content, maxLength });
  }

  /** @param now in milliseconds since 1970. */
  addInput(event: JsonObject, now: number): void {
    this.#hasInput = true;
    const name = firstKey(event) ?? '';
    const value = asMembers(event[name]);
    switch (name) {
      case 'sessionStart':
      case 'promptStart':
        this.#config.add(name, value);
        break;
      case 'contentStart':
        open(this.#input, value);
        if (value['type'] === 'AUDIO') this.#config.add('audioInputConfiguration', value['audioInputConfiguration']);
        break;
      case 'audioInput':
        this.audio.input += secondsOf(value['content'], this.#audioConfig('input'));
        break;
      case 'textInput':
      case 'toolResult':
        this.#addInputText(value, now);
        break;
      case 'contentEnd':
        this.#input.delete(keyOf(value));
        break;
      case 'sessionEnd':
        this.#isInputEnded = true;
        break;
      default:
        if (name !== 'promptEnd') this.#addOther(this.#otherInput, name, value);
    }
  }

  /** @param now in milliseconds since 1970. */
  addOutput(event: JsonObject, now: number): void {
    const name = firstKey(event) ?? '';
    const value = asMembers(event[name]);
    this.#hasAnswer = true;
    for (const id of IDS) this.#answer.addKnown(id, value[id]);
    switch (name) {
      case 'completionStart':
        this.#isComplete = false;
        break;
      case 'contentStart':
        open(this.#output, value);
        break;
      case 'textOutput':
        this.#addOutputText(value, now);
        break;
      case 'audioOutput':
        this.audio.output += secondsOf(value['content'], this.#spokenConfig(value));
        break;
      case 'toolUse':
        this.#addToolUse(value, now);
        break;
      case 'contentEnd':
        this.#endOutput(value, now);
        break;
      case 'completionEnd':
        this.#isComplete = true;
        this.#answer.addKnown('stopReason', value['stopReason']);
        break;
      case 'usageEvent':
        // The figures of the whole session so far.
        this.#answer.add('usage', value);
        break;
      default:
        this.#addOther(this.#otherOutput, name, value);
    }
  }

  /** The request, as far as it has been sent: its configuration, and the conversation before the last answer. */
  request(): JsonObject {
    const body = this.#config.finish();
    const system = this.turns.system.flatMap((entry) => entry.content());
    if (system.length > 0) body['system'] = system;
    const last = this.#lastAnswer;
    const messages = this.turns.entries.filter((entry) => entry !== last).map(messageOf);
    if (this.turns.leftOut > 0) messages.push(noteOf(this.turns.leftOut));
    if (messages.length > 0) body['messages'] = messages;
    if (this.#otherInput.size > 0) body['otherEvents'] = this.#otherInput.finish();
    return body;
  }

  /** The figures of the request: its configuration. */
  config(): JsonObject {
    return this.#config.finish();
  }

  /** The answer, as far as it has arrived: what the model said, the last of it apart; undefined if nothing has. */
  answer(): JsonObject | undefined {
    if (!this.#hasAnswer) return undefined;
    const body = this.#answer.finish();
    body['stopReason'] ??= this.turns.lastReason;
    const last = this.#lastAnswer;
    const earlier = this.turns.entries.filter((entry) => entry.origin === 'model' && entry !== last).map(messageOf);
    if (earlier.length > 0) body['messages'] = earlier;
    if (last) body['output'] = { message: messageOf(last) };
    if (this.#otherOutput.size > 0) body['otherEvents'] = this.#otherOutput.finish();
    return body;
  }

  get moments(): readonly SessionMoment[] {
    return this.turns.moments;
  }

  /**
   * True if both sides have ended the session. False if neither has, or if the answer stops in the middle of a content. The
   * closing event of the service ends only a turn, and the service can leave it out. Undefined if one side has ended it,
   * or if the input was not observed: then the connection shows whether it was lost.
   */
  isComplete(): boolean | undefined {
    if (this.#isComplete) return this.#isInputEnded || undefined;
    return this.#output.size > 0 || (this.#hasInput && !this.#isInputEnded) ? false : undefined;
  }

  /** The message that the answer ends with; undefined if the last message is no answer. */
  get #lastAnswer(): Entry | undefined {
    const last = this.turns.entries.at(-1);
    return last?.origin === 'model' ? last : undefined;
  }

  #addInputText(value: JsonObject, now: number): void {
    const content = this.#input.get(keyOf(value)) ?? open(this.#input, value);
    const { start } = content;
    const role = asString(start['role']) ?? 'USER';
    const result = asObject(start['toolResultInputConfiguration']);
    content.target ??= role.startsWith('SYSTEM')
      ? this.turns.systemText()
      : this.turns.text(
          role === 'TOOL' ? 'user' : role.toLowerCase(),
          now,
          role === 'TOOL' || result ? { id: asString(result?.['toolUseId']) } : undefined,
        );
    content.target(asString(value['content']) ?? '');
  }

  #addOutputText(value: JsonObject, now: number): void {
    const text = asString(value['content']) ?? '';
    if (INTERRUPTED.test(text)) {
      this.turns.interrupt(now);
      return;
    }
    const content: OpenContent = this.#output.get(keyOf(value)) ?? { start: value };
    const role = content.start['role'] === 'USER' ? 'user' : 'assistant';
    content.speech ??= this.turns.speech(role, text, isPlanned(content.start), now);
    content.speech.add(text);
  }

  #addToolUse(value: JsonObject, now: number): void {
    const text = asString(value['content']) ?? '';
    this.turns.toolCall(
      {
        name: asString(value['toolName']) ?? asString(value['name']),
        id: asString(value['toolUseId']),
        input: this.#content ? (parseJson(text) ?? text) : undefined,
        length: text.length,
      },
      now,
    );
  }

  #endOutput(value: JsonObject, now: number): void {
    const content = this.#output.get(keyOf(value));
    this.#output.delete(keyOf(value));
    const type = content?.start['type'] ?? value['type'];
    const reason = asString(value['stopReason']);
    if (content?.speech) content.speech.end(reason, now);
    else if (type === 'AUDIO') this.turns.endAudio(reason, now);
    // A block without text ends no turn, but it can say that the turn was interrupted.
    else if (type !== 'TOOL' && reason === 'INTERRUPTED') this.turns.interrupt(now);
  }

  /** The configuration of one direction's audio; undefined if the session has none. */
  #audioConfig(direction: 'input' | 'output'): JsonObject | undefined {
    if (direction === 'input') return asObject(this.#config.get('audioInputConfiguration'));
    return asObject(asObject(this.#config.get('promptStart'))?.['audioOutputConfiguration']);
  }

  #spokenConfig(value: JsonObject): JsonObject | undefined {
    const start = this.#output.get(keyOf(value))?.start;
    return asObject(start?.['audioOutputConfiguration']) ?? this.#audioConfig('output');
  }

  /** Events of later models. The last of each kind is kept. */
  #addOther(others: LastMembers, name: string, value: JsonObject): void {
    if (this.#content && name !== '' && (others.size < MAX_OTHERS || others.get(name) !== undefined)) {
      others.add(name, value);
    }
  }
}

/** Contents have a name in the input and an id in the output. */
function keyOf(value: JsonObject): string {
  return asString(value['contentName']) ?? asString(value['contentId']) ?? '';
}

function open(contents: Map<string, OpenContent>, start: JsonObject): OpenContent {
  const content: OpenContent = { start };
  const [oldest] = contents.keys();
  if (contents.size >= MAX_OPEN && oldest !== undefined) contents.delete(oldest);
  contents.set(keyOf(start), content);
  return content;
}

/** Whether a text is what the model plans to say. The other stage is `FINAL`. */
function isPlanned(start: JsonObject): boolean {
  const fields = start['additionalModelFields'];
  const stage = (asObject(fields) ?? asObject(parseJson(asString(fields) ?? '')))?.['generationStage'];
  return stage === 'SPECULATIVE';
}

function messageOf(entry: Entry): JsonObject {
  const message: JsonObject = { role: entry.role, content: entry.content(), origin: entry.origin };
  if (entry.reason !== undefined) setMember(message, 'stopReason', entry.reason);
  return message;
}

function noteOf(leftOut: number): JsonObject {
  return {
    role: 'user',
    content: [{ text: `[${counted(leftOut, 'more text')} not recorded]` }],
    origin: 'application',
  };
}

/** Returns the seconds of audio in base64 text; 0 if its format is not PCM. */
function secondsOf(content: unknown, config: JsonObject | undefined): number {
  if (typeof content !== 'string') return 0;
  const mediaType = asString(config?.['mediaType']) ?? 'audio/lpcm';
  if (!/pcm/i.test(mediaType)) return 0;
  const rate = asNumber(config?.['sampleRateHertz']) ?? 0;
  const bytesPerSample = ((asNumber(config?.['sampleSizeBits']) ?? 16) / 8) * (asNumber(config?.['channelCount']) ?? 1);
  const bytes = Buffer.byteLength(content, 'base64');
  return rate > 0 && bytesPerSample > 0 ? bytes / bytesPerSample / rate : 0;
}
