/** The messages of a voice session, which grow while it lasts. */

import type { JsonObject, JsonValue } from '../../data/json.js';

/** One side of a conversation, in words of Converse. */
export type Speaker = 'user' | 'assistant';

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

/** In characters. */
const BEGINNING = 200;
const MAX_PLANS = 256;

function beginningOf(text: string): string {
  return text.trim().slice(0, BEGINNING);
}

/** One turn of speech: the user's transcript, or the model's plan and its transcript. */
export class SpokenTurn implements Entry {
  readonly role: Speaker;
  readonly origin: 'user' | 'model';
  reason: string | undefined;
  isInterrupted = false;
  time: number;
  /** True if the transcript is complete. */
  isTranscribed = false;
  /** The beginnings of the blocks that the model plans to say, also if no content is kept. */
  #plans: string[] = [];
  /** The blocks that the model plans to say, and the transcripts of those that it said. */
  readonly #planned: string[] = [];
  readonly #spoken: string[] = [];
  /** Blocks without text count too, so that turns stay apart if no content is kept. */
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

  /** Whether a transcript is of the next block that was planned. If the user interrupts, only its beginning was spoken. */
  expects(text: string): boolean {
    const start = beginningOf(text);
    return start !== '' && (this.#plans[this.spokenCount]?.startsWith(start) ?? false);
  }

  /** No more transcripts are expected. */
  forgetPlans(): void {
    this.#plans = [];
  }

  /** @param text the first text of the block. */
  beginBlock(text: string, isPlanned: boolean): void {
    if (!isPlanned) this.spokenCount++;
    else if (this.plannedCount++ < MAX_PLANS) this.#plans.push(beginningOf(text));
  }

  add(text: string, isPlanned: boolean): void {
    const [texts, count] = isPlanned ? [this.#planned, this.plannedCount] : [this.#spoken, this.spokenCount];
    const index = Math.max(0, count - 1);
    while (texts.length < index) texts.push('');
    texts[index] = texts[index] ? joined([texts[index], text]) : text;
  }

  /** The transcript. If it is not complete, the planned text fills the rest. */
  content(): JsonObject[] {
    const isWhole = this.isTranscribed || this.isInterrupted;
    const rest = isWhole && this.#spoken.length > 0 ? [] : this.#planned.slice(this.#spoken.length);
    return [{ text: joined([...this.#spoken, ...rest]) }];
  }
}

/** A message whose text arrives in pieces: text of the application, or the result of a tool. */
export class TextEntry implements Entry {
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

export interface ToolCall {
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly input: JsonValue | undefined;
}

export class ToolCallEntry implements Entry {
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

/** The service sends sentences without the space between them. */
function joined(texts: readonly string[]): string {
  return texts.reduce((all, text) => {
    const isApart = all === '' || text === '' || /\s$/.test(all) || /^\s/.test(text);
    return isApart ? all + text : `${all} ${text}`;
  }, '');
}
