import type { ReadableSpan } from '../../common/sdk-types.js';
import { firstString, truncate } from '../../common/text.js';
import { nanoseconds } from '../../common/time.js';
import { type Limit, Queue, settledWithin } from '../../common/waiting.js';
import type { Failure } from '../../http/outcome.js';
import { LIMITS, LINKED_PROMPTS } from '../../mlflow/names.js';
import { joinPrompts, type LinkedPrompt, readLinkedPrompts } from '../../mlflow/prompts.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { hasFigures, hasRemoteParent } from '../span/span.js';
import { isChatSpan, requestPreview, responsePreview } from './previews.js';

/** What the spans of a trace show about it. */
export interface TraceFacts {
  sessionId?: string;
  userId?: string;
  /** The request of the first model call, and its start in milliseconds of the epoch. */
  firstRequest?: { at: bigint; text: string };
  /** The answer of the last model call, and its time in milliseconds of the epoch. */
  lastResponse?: { at: bigint; text: string };
  /** Versions of prompts that its spans used. */
  prompts?: LinkedPrompt[];
  /** Whether any span counts tokens or cost. */
  hasFigures?: boolean;
  /** Whether its root, the span without a parent, was here. */
  isRooted?: boolean;
  /** Whether it came from another service, which owns its record. */
  isRemote?: boolean;
}

/** What this process knows of the record of a trace. */
export type RecordState =
  | { kind: 'none' }
  /** This process sent it, for a trace from `start` to `end` in nanoseconds of the epoch. */
  | { kind: 'sent'; info: WireTraceInfo; start: bigint; end: bigint }
  /** The ledger forgot the trace, except that its root or its entry was here. Only the server knows the rest. */
  | { kind: 'forgotten' };

/** How a trace came into this process, for traces whose other facts are forgotten. */
export type Origin = 'rooted' | 'remote';

/**
 * What is known of one trace between the batches that bring its spans: children often arrive before their root. Only the
 * trace itself changes its state.
 */
export class Trace {
  /** 32 hexadecimal digits, as in OpenTelemetry. */
  readonly id: string;
  readonly #facts: TraceFacts;
  readonly #uploads = new Set<Promise<unknown>>();
  readonly #queue = new Queue();
  #record: RecordState;

  /** @param origin of a trace that the ledger forgot */
  constructor(id: string, origin?: Origin) {
    this.id = id;
    this.#record = { kind: origin === undefined ? 'none' : 'forgotten' };
    this.#facts = { isRooted: origin === 'rooted', isRemote: origin === 'remote' };
  }

  get facts(): Readonly<TraceFacts> {
    return this.#facts;
  }

  get record(): RecordState {
    return this.#record;
  }

  /** Notes from a span whether the root of the trace was here, or whether the trace came from another service. */
  observeParent(span: ReadableSpan): void {
    if (span.parentSpanContext === undefined) this.#facts.isRooted = true;
    if (hasRemoteParent(span)) this.#facts.isRemote = true;
  }

  /** Notes from a span everything that the record of the trace needs. */
  observe(span: ReadableSpan): void {
    const facts = this.#facts;
    const { attributes } = span;
    this.observeParent(span);
    facts.hasFigures ||= hasFigures(span);
    const session = firstString(attributes, 'session.id', 'gen_ai.conversation.id');
    const user = firstString(attributes, 'user.id');
    const prompts = readLinkedPrompts(attributes[LINKED_PROMPTS]);
    if (prompts.length > 0) facts.prompts = joinPrompts(facts.prompts ?? [], prompts);
    if (session !== undefined) facts.sessionId ??= truncate(session, LIMITS.session);
    if (user !== undefined) facts.userId ??= truncate(user, LIMITS.metadataValue);
    if (isChatSpan(attributes)) this.#observeChat(span);
  }

  /** Notes that an upload carries spans of this trace. */
  uploading(upload: Promise<unknown>): void {
    this.#uploads.add(upload);
    const settled = (): void => void this.#uploads.delete(upload);
    upload.then(settled, settled);
  }

  /** Waits until no upload carries spans of this trace, at the latest until the limit. */
  async uploaded(limit: Limit): Promise<void> {
    if (this.#uploads.size > 0) await settledWithin(limit, this.#uploads);
  }

  /** Does work about this trace after all earlier work about it. See {@link Queue.run}. */
  inTurn<T>(limit: Limit, work: (inTime: boolean) => Promise<T>): Promise<T> {
    return this.#queue.run(limit, work);
  }

  /** Sends a record. It becomes the record of this trace unless that fails. */
  async recording(
    record: Extract<RecordState, { kind: 'sent' }>,
    send: () => Promise<Failure | undefined>,
  ): Promise<Failure | undefined> {
    const earlier = this.#record;
    // Set before the answer: spans that the server accepts from here on may come too late for the totals.
    this.#record = record;
    const failure = await send();
    if (failure !== undefined) this.#record = earlier;
    return failure;
  }

  #observeChat(span: ReadableSpan): void {
    const facts = this.#facts;
    // Clocks of different spans agree to the millisecond at best. Within one, spans arrive in the order of their end.
    const start = nanoseconds(span.startTime) / 1_000_000n;
    const end = nanoseconds(span.endTime) / 1_000_000n;
    if (facts.firstRequest === undefined || start < facts.firstRequest.at) {
      const text = requestPreview(span.attributes);
      if (text !== undefined) facts.firstRequest = { at: start, text: truncate(text, LIMITS.preview) };
    }
    if (facts.lastResponse === undefined || end >= facts.lastResponse.at) {
      const text = responsePreview(span.attributes);
      if (text !== undefined) facts.lastResponse = { at: end, text: truncate(text, LIMITS.preview) };
    }
  }
}
