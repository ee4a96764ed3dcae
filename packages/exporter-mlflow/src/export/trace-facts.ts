import type { ReadableSpan } from '../common/sdk-types.js';
import { firstString, truncate } from '../common/text.js';
import type { WireTraceInfo } from '../mlflow/wire-types.js';
import { LIMITS } from './limits.js';
import { joinPrompts, LINKED_PROMPTS, type LinkedPrompt, readLinkedPrompts } from './linked-prompts.js';
import { isChatSpan, requestPreview, responsePreview } from './previews.js';
import { nanoseconds } from './time.js';

/** What is remembered of a trace between batches: its children often arrive before its root. */
export interface TraceFacts {
  sessionId?: string;
  userId?: string;
  /** What the first model call of the trace was asked, and when, in milliseconds of the epoch. */
  firstRequest?: { at: bigint; text: string };
  /** What the last model call of the trace answered. */
  lastResponse?: { at: bigint; text: string };
  /** Whether any span counts tokens or cost. */
  figures?: boolean;
  /** Whether the trace came from another service, which owns its record. */
  remote?: boolean;
  /** Whether its root, the span without a parent, was here. */
  rooted?: boolean;
  /** What was known of the trace is forgotten, except that its root or its entry was here: ask the server for the rest. */
  recalled?: boolean;
  /** Versions of prompts that its spans used. */
  prompts?: LinkedPrompt[];
  /** The record, once it was sent; spans that arrive later leave the totals as they are, unless it is repeated. */
  record?: WireTraceInfo | undefined;
  /** Start and end of the recorded trace, in nanoseconds of the epoch. */
  recorded?: { start: bigint; end: bigint } | undefined;
  /** Uploads that carry spans of this trace at the moment. */
  uploads?: Set<Promise<unknown>>;
  /** Ends when what was begun about this trace is done: the steps after an upload happen one at a time. */
  turn?: Promise<unknown>;
}

/**
 * Facts of the traces seen last, at most `capacity` of them, so that memory stays bounded. Of `marks` traces before
 * those it keeps whether their root or entry was here, because a span that comes after it must correct the totals.
 */
export class TraceFactsStore {
  readonly #capacity: number;
  readonly #marks: number;
  readonly #facts = new Map<string, TraceFacts>();
  readonly #forgotten = new Map<string, 'rooted' | 'remote'>();
  #forgotWithoutRoot = false;

  constructor(capacity: number, marks: number) {
    this.#capacity = capacity;
    this.#marks = marks;
  }

  /** The facts of a trace, empty ones at first. */
  of(traceId: string): TraceFacts {
    const facts = this.#facts.get(traceId) ?? this.#recall(traceId);
    // Deleting first moves the trace to the end: a Map keeps the order of insertion, the first is the oldest.
    this.#facts.delete(traceId);
    this.#facts.set(traceId, facts);
    if (this.#facts.size > this.#capacity) {
      const [oldest] = this.#facts.keys();
      if (oldest !== undefined) this.#forget(oldest);
    }
    return facts;
  }

  /** Traces of this process whose root has not come: MLflow shows them as in progress. */
  get withoutRoot(): { traces: number; mayBeMore: boolean } {
    // The root of a forgotten trace may have come since.
    return { traces: [...this.#facts.values()].filter(lacksRoot).length, mayBeMore: this.#forgotWithoutRoot };
  }

  #forget(traceId: string): void {
    const facts = this.#facts.get(traceId);
    this.#facts.delete(traceId);
    if (facts === undefined) return;
    if (lacksRoot(facts)) {
      this.#forgotWithoutRoot = true;
      return;
    }
    this.#forgotten.set(traceId, facts.rooted ? 'rooted' : 'remote');
    if (this.#forgotten.size > this.#marks) {
      const [oldest] = this.#forgotten.keys();
      if (oldest !== undefined) this.#forgotten.delete(oldest);
    }
  }

  #recall(traceId: string): TraceFacts {
    const mark = this.#forgotten.get(traceId);
    if (mark === undefined) return {};
    this.#forgotten.delete(traceId);
    return { recalled: true, [mark]: true };
  }
}

function lacksRoot({ rooted, remote }: TraceFacts): boolean {
  return !rooted && !remote;
}

/** Takes from a span whether the root of its trace was here, or came from another service. */
export function observeParent(facts: TraceFacts, { parentSpanContext: parent }: ReadableSpan): void {
  if (parent === undefined) facts.rooted = true;
  if (parent?.isRemote) facts.remote = true;
}

/** Takes from a span what the record of its trace will want to say. */
export function observeSpan(facts: TraceFacts, span: ReadableSpan): void {
  const { attributes } = span;
  observeParent(facts, span);
  const session = firstString(attributes, 'session.id', 'gen_ai.conversation.id');
  const user = firstString(attributes, 'user.id');
  if (!facts.figures && hasFigures(span)) facts.figures = true;
  const prompts = readLinkedPrompts(attributes[LINKED_PROMPTS]);
  if (prompts.length > 0) facts.prompts = joinPrompts(facts.prompts ?? [], prompts);
  if (session !== undefined) facts.sessionId ??= truncate(session, LIMITS.session);
  if (user !== undefined) facts.userId ??= truncate(user, LIMITS.metadataValue);
  if (!isChatSpan(attributes)) return;
  // Compared by the millisecond, as far as clocks of different spans agree; within one, spans arrive as they ended.
  const start = nanoseconds(span.startTime) / 1_000_000n;
  const end = nanoseconds(span.endTime) / 1_000_000n;
  if (facts.firstRequest === undefined || start < facts.firstRequest.at) {
    const text = requestPreview(attributes);
    if (text !== undefined) facts.firstRequest = { at: start, text: truncate(text, LIMITS.preview) };
  }
  if (facts.lastResponse === undefined || end >= facts.lastResponse.at) {
    const text = responsePreview(attributes);
    if (text !== undefined) facts.lastResponse = { at: end, text: truncate(text, LIMITS.preview) };
  }
}

/** Whether the server may count tokens or cost of this span: in MLflow's words or in those of any convention. */
export function hasFigures({ attributes }: ReadableSpan): boolean {
  return Object.keys(attributes).some((key) => /usage|token_count|\.cost/i.test(key));
}
