/** The conversation of a voice session, as its events add up to it. */

import { type Entry, type Speaker, SpokenTurn, TextEntry, type ToolCall, ToolCallEntry } from './voice-messages.js';

/** What a message or an interruption was and when, for the events of the span. */
export interface SessionMoment {
  readonly kind: 'turn' | 'tool_call' | 'tool_result' | 'interruption';
  /** In milliseconds since 1970. A message counts from its end. */
  readonly time: number;
  readonly entry: Entry | undefined;
}

/** In characters: what a message costs besides its text. */
const OVERHEAD = 64;
const MAX_MOMENTS = 1000;

/** Takes the next text of a message. */
export type TextTarget = (text: string) => void;

/** A block of speech, of which a turn has one or more. */
export interface SpeechBlock {
  add: TextTarget;
  end(reason: string | undefined, time: number): void;
}

/** The final transcript can arrive after the model has begun its next turn. */
const RECENT_TURNS = 4;

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
  /** The latest turns of the model, the last one at the end. */
  readonly #recent: SpokenTurn[] = [];

  constructor({ content, maxLength }: { readonly content: boolean; readonly maxLength: number }) {
    this.#content = content;
    this.#left = maxLength;
  }

  /** Why the model's latest turn ended; undefined if it has not. */
  get lastReason(): string | undefined {
    return this.#recent.at(-1)?.reason;
  }

  /**
   * Begins a block of speech, and its turn if need be.
   *
   * @param text the first text of the block.
   */
  speech(role: Speaker, text: string, isPlanned: boolean, time: number): SpeechBlock {
    const turn = this.#turnOf(role, text, isPlanned) ?? this.#begin(new SpokenTurn(role, time));
    turn.beginBlock(text, isPlanned);
    return {
      add: (piece) => {
        if (this.#take(piece)) turn.add(piece, isPlanned);
      },
      end: (reason, endTime) => {
        if (!isPlanned && reason === 'END_TURN') turn.isTranscribed = true;
        this.#end(turn, reason, endTime);
      },
    };
  }

  /** Audio of the model has ended. It belongs to the latest turn. */
  endAudio(reason: string | undefined, time: number): void {
    const turn = this.#recent.at(-1);
    if (turn) this.#end(turn, reason, time);
  }

  /** The user has interrupted the model. The service reports it more than once. */
  interrupt(time: number, turn: SpokenTurn | undefined = this.#recent.at(-1)): void {
    const isKnown = turn ? turn.isInterrupted : this.counts.interruptions > 0;
    if (isKnown) return;
    if (turn) {
      turn.isInterrupted = true;
      turn.reason = 'INTERRUPTED';
    }
    this.counts.interruptions++;
    this.#mark({ kind: 'interruption', time, entry: undefined });
  }

  #end(turn: SpokenTurn, reason: string | undefined, time: number): void {
    turn.time = time;
    if (reason === 'INTERRUPTED' && turn.role === 'assistant') this.interrupt(time, turn);
    // A part of a turn that ends late does not make the turn unfinished again.
    else if (!turn.isEnded) turn.reason = reason ?? turn.reason;
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

  #turnOf(role: Speaker, text: string, isPlanned: boolean): SpokenTurn | undefined {
    if (role === 'user') return this.#last?.role === 'user' ? this.#last : undefined;
    const expecting = isPlanned ? undefined : this.#recent.find((turn) => turn.expects(text));
    if (expecting) return expecting;
    const answer = this.#recent.at(-1);
    if (!answer) return undefined;
    // The final transcript can arrive after the user's next words.
    if (!isPlanned && answer.spokenCount < answer.plannedCount) return answer;
    return this.#last === answer && !answer.isEnded ? answer : undefined;
  }

  #begin(turn: SpokenTurn): SpokenTurn {
    this.counts[turn.role]++;
    this.#last = turn;
    if (turn.role === 'assistant') {
      this.#recent.push(turn);
      if (this.#recent.length > RECENT_TURNS) this.#recent.shift()?.forgetPlans();
    }
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
