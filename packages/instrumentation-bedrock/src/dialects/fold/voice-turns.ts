/** The conversation of a voice session, as its events add up to it. */

import type { JsonObject, JsonValue } from '../../data/json.js';

/** One side of a conversation, in words of Converse. */
export type Speaker = 'user' | 'assistant';

/** What a message or an interruption was and when, for the events of the span. */
export interface SessionMoment {
  readonly kind: 'turn' | 'tool_call' | 'tool_result' | 'interruption';
  /** In milliseconds since 1970. A message counts from its end. */
  readonly time: number;
  readonly entry: Entry | undefined;
}

/** A message of the conversation. */
export interface Entry {
  readonly role: string;
  /** Where it comes from: text of the application, speech of the user, or the model. */
  readonly origin: 'application' | 'user' | 'model';
  readonly reason: string | undefined;
  readonly isInterrupted: boolean;
  /** When it ended, in milliseconds since 1970; absent if it has no length in time. */
  readonly time?: number;
  readonly toolName?: string | undefined;
  readonly toolCallId?: string | undefined;
  /** The blocks of the message, as Converse has them. */
  content(): JsonObject[];
}

/** In characters: what a message costs besides its text. */
const OVERHEAD = 64;
const MAX_MOMENTS = 1000;

/** What is said in one go: a transcript of the user's speech, or what the model plans to say and has said. */
class SpokenTurn implements Entry {
  readonly role: Speaker;
  readonly origin: 'user' | 'model';
  reason: string | undefined;
  isInterrupted = false;
  time: number;
  /** The blocks that the model plans to say, and the transcripts of those that it said. */
  readonly #planned: string[] = [];
  readonly #spoken: string[] = [];
  /** Blocks without text count too, so that turns are told apart if no content is kept. */
  plannedCount = 0;
  spokenCount = 0;

  constructor(role: Speaker, time: number) {
    this.role = role;
    this.origin = role === 'user' ? 'user' : 'model';
    this.time = time;
  }

  get isEnded(): boolean {
    return this.isInterrupted || this.reason === 'END_TURN';
  }

  beginBlock(isPlanned: boolean): void {
    if (isPlanned) this.plannedCount++;
    else this.spokenCount++;
  }

  add(text: string, isPlanned: boolean): void {
    const [texts, count] = isPlanned ? [this.#planned, this.plannedCount] : [this.#spoken, this.spokenCount];
    const index = Math.max(0, count - 1);
    while (texts.length < index) texts.push('');
    texts[index] = texts[index] ? joined([texts[index], text]) : text;
  }

  /** The transcript of what was said. If it is not complete, the rest is what was planned. */
  content(): JsonObject[] {
    const rest = this.isInterrupted && this.#spoken.length > 0 ? [] : this.#planned.slice(this.#spoken.length);
    return [{ text: joined([...this.#spoken, ...rest]) }];
  }
}

/** A message whose text arrives in pieces: text of the application, or the result of a tool. */
class TextEntry implements Entry {
  readonly role: string;
  readonly origin = 'application';
  readonly reason = undefined;
  readonly isInterrupted = false;
  readonly toolCallId: string | undefined;
  readonly #isToolResult: boolean;
  #text = '';

  constructor(role: string, toolResult?: { readonly id: string | undefined }) {
    this.role = role;
    this.toolCallId = toolResult?.id;
    this.#isToolResult = toolResult !== undefined;
  }

  add(text: string): void {
    this.#text += text;
  }

  content(): JsonObject[] {
    if (!this.#isToolResult) return [{ text: this.#text }];
    return [{ toolResult: { toolUseId: this.toolCallId, content: [{ text: this.#text }] } }];
  }
}

interface ToolCall {
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly input: JsonValue | undefined;
}

class ToolCallEntry implements Entry {
  readonly role = 'assistant';
  readonly origin = 'model';
  readonly reason = 'TOOL_USE';
  readonly isInterrupted = false;
  readonly toolName: string | undefined;
  readonly toolCallId: string | undefined;
  readonly #input: JsonValue | undefined;

  constructor({ name, id, input }: ToolCall) {
    this.toolName = name;
    this.toolCallId = id;
    this.#input = input;
  }

  content(): JsonObject[] {
    return [{ toolUse: { toolUseId: this.toolCallId, name: this.toolName, input: this.#input } }];
  }
}

/** Takes the next text of a message. */
export type TextTarget = (text: string) => void;

/** Collects the messages of a session until they are longer than a limit, then only their number. */
export class VoiceTurns {
  /** How many turns each side had. */
  readonly counts = { user: 0, assistant: 0, toolCalls: 0, interruptions: 0 };
  readonly moments: SessionMoment[] = [];
  readonly entries: Entry[] = [];
  readonly system: TextEntry[] = [];
  /** Messages and texts that were left out. */
  leftOut = 0;
  readonly #content: boolean;
  /** In characters. */
  #left: number;
  #last: SpokenTurn | undefined;
  #lastAnswer: SpokenTurn | undefined;

  constructor({ content, maxLength }: { readonly content: boolean; readonly maxLength: number }) {
    this.#content = content;
    this.#left = maxLength;
  }

  /** Why the model's latest turn ended; undefined if it has not. */
  get lastReason(): string | undefined {
    return this.#lastAnswer?.reason;
  }

  /** The text that a block of speech adds to its turn, which it begins if need be. */
  speech(role: Speaker, isPlanned: boolean, time: number): TextTarget {
    const turn = this.#turnOf(role, isPlanned) ?? this.#begin(new SpokenTurn(role, time));
    turn.beginBlock(isPlanned);
    return (text) => {
      if (this.#take(text)) turn.add(text, isPlanned);
    };
  }

  /** The block that was spoken last has ended. */
  endSpeech(role: Speaker, reason: string | undefined, time: number): void {
    const turn = role === 'assistant' ? this.#lastAnswer : this.#last;
    if (turn?.role !== role) return;
    turn.time = time;
    if (reason === 'INTERRUPTED') this.interrupt(time);
    // A part of a turn that ends late does not make the turn unfinished again.
    else if (!turn.isEnded) turn.reason = reason ?? turn.reason;
  }

  /** The user has interrupted the model. The service reports it more than once. */
  interrupt(time: number): void {
    const turn = this.#lastAnswer;
    if (turn?.isInterrupted) return;
    if (turn) {
      turn.isInterrupted = true;
      turn.reason = 'INTERRUPTED';
    }
    this.counts.interruptions++;
    this.#mark({ kind: 'interruption', time, entry: undefined });
  }

  systemText(): TextTarget {
    const entry = new TextEntry('system');
    if (this.#take('')) this.system.push(entry);
    return this.#textOf(entry);
  }

  /** @param toolResult absent for text of the application. */
  text(role: string, time: number, toolResult?: { readonly id: string | undefined }): TextTarget {
    const entry = new TextEntry(role, toolResult);
    this.#last = undefined;
    this.#add(entry, toolResult ? 'tool_result' : 'turn', time);
    return this.#textOf(entry);
  }

  /** @param call `length` is that of the input as text, in characters. */
  toolCall(call: ToolCall & { readonly length: number }, time: number): void {
    this.counts.toolCalls++;
    this.#last = undefined;
    const isKept = this.#content && this.#left >= call.length;
    if (isKept) this.#left -= call.length;
    this.#add(new ToolCallEntry(isKept ? call : { ...call, input: undefined }), 'tool_call', time);
    this.#moveResults(call.id);
  }

  /** An application can send what it knows that the model will ask for. A result follows its call. */
  #moveResults(id: string | undefined): void {
    const isResult = (entry: Entry): boolean => entry instanceof TextEntry && entry.toolCallId === id;
    if (id === undefined || !this.entries.some(isResult)) return;
    const results = this.entries.filter(isResult);
    this.entries.splice(0, this.entries.length, ...this.entries.filter((entry) => !isResult(entry)), ...results);
  }

  #turnOf(role: Speaker, isPlanned: boolean): SpokenTurn | undefined {
    if (role === 'user') return this.#last?.role === 'user' ? this.#last : undefined;
    const answer = this.#lastAnswer;
    if (!answer) return undefined;
    // The transcript of what was said can arrive after the user's next words.
    if (!isPlanned && answer.spokenCount < answer.plannedCount) return answer;
    return this.#last === answer && !answer.isEnded ? answer : undefined;
  }

  #begin(turn: SpokenTurn): SpokenTurn {
    this.counts[turn.role]++;
    this.#last = turn;
    if (turn.role === 'assistant') this.#lastAnswer = turn;
    this.#add(turn, 'turn', turn.time);
    return turn;
  }

  #add(entry: Entry, kind: SessionMoment['kind'], time: number): void {
    if (this.#take('')) this.entries.push(entry);
    this.#mark({ kind, time, entry });
  }

  #mark(moment: SessionMoment): void {
    if (this.moments.length < MAX_MOMENTS) this.moments.push(moment);
  }

  #textOf(entry: TextEntry): TextTarget {
    return (text) => {
      if (this.#take(text)) entry.add(text);
    };
  }

  /** Returns false if there is no room for a text. */
  #take(text: string): boolean {
    if (!this.#content) return false;
    const length = text.length + OVERHEAD;
    if (length > this.#left) {
      this.leftOut++;
      return false;
    }
    this.#left -= length;
    return true;
  }
}

/** The service sends sentences without the space between them. */
function joined(texts: readonly string[]): string {
  return texts.reduce((all, text) => {
    const isApart = all === '' || text === '' || /\s$/.test(all) || /^\s/.test(text);
    return isApart ? all + text : `${all} ${text}`;
  }, '');
}
