import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { firstString, truncate } from '../../common/text.js';
import { nanoseconds } from '../../common/time.js';
import { LIMITS, LINKED_PROMPTS } from '../../mlflow/names.js';
import { addPrompts, type PromptSet, readLinkedPrompts } from '../../mlflow/prompts.js';
import { hasFigures, isRoot, type PlacedSpan } from '../span/span.js';
import { isChatSpan, isRemoteAgent, requestPreview, responsePreview } from './previews.js';

/** What all spans of a trace show about it. */
export interface TraceFacts {
  /** Versions of prompts that its spans used. */
  prompts?: PromptSet;
  /** Whether any span counts tokens or cost. */
  hasFigures?: boolean;
  /** Whether its root, the span without a parent, was here. */
  isRooted?: boolean;
}

/** Session and user. */
export interface Identity {
  sessionId?: string;
  userId?: string;
}

/** What the spans of one request show about it. A trace can have several requests. */
export interface RequestFacts extends Identity {
  /** The request of the first model call or remote agent, and its start in milliseconds of the epoch. */
  firstRequest?: { at: bigint; text: string };
  /** The answer of the last model call or remote agent, and its time in milliseconds of the epoch. */
  lastResponse?: { at: bigint; text: string };
}

/** What a record shows of spans other than that which it is built from. */
export type RecordFacts = RequestFacts & Pick<TraceFacts, 'prompts'>;

/** Attributes with the session, the preferred one first. */
export const SESSION_KEYS: readonly string[] = ['session.id', 'gen_ai.conversation.id'];
export const USER_KEY = 'user.id';

/** The kind is absent from spans that are read back: MLflow 3.17 does not store it. */
type TimedSpan = Pick<ReadableSpan, 'attributes' | 'startTime' | 'endTime'> & Partial<Pick<ReadableSpan, 'kind'>>;

/** The part of a span that facts depend on. */
export type ObservedSpan = TimedSpan & Pick<PlacedSpan, 'parentSpanContext' | 'spanContext' | 'leftOutRoot'>;

/** Adds what a span shows about its trace. */
export function observeSpan(facts: TraceFacts, span: Pick<ReadableSpan, 'attributes' | 'parentSpanContext'>): void {
  if (isRoot(span)) facts.isRooted = true;
  facts.hasFigures ||= hasFigures(span);
  const prompts = readLinkedPrompts(span.attributes[LINKED_PROMPTS]);
  if (prompts.length === 0) return;
  facts.prompts ??= new Map();
  addPrompts(facts.prompts, prompts);
}

/** Adds what a span shows about its request. */
export function observeRequest(facts: RequestFacts, span: TimedSpan): void {
  const { attributes, startTime, endTime } = span;
  const { sessionId, userId } = identityOf(attributes);
  if (sessionId !== undefined) facts.sessionId ??= sessionId;
  if (userId !== undefined) facts.userId ??= userId;
  if (!isChatSpan(attributes) && !isRemoteAgent(span)) return;
  // Clocks of different spans agree to the millisecond at best. Within one, spans arrive in the order of their end.
  const start = nanoseconds(startTime) / 1_000_000n;
  const end = nanoseconds(endTime) / 1_000_000n;
  if (facts.firstRequest === undefined || start < facts.firstRequest.at) {
    const text = requestPreview(attributes);
    if (text !== undefined) facts.firstRequest = { at: start, text: truncate(text, LIMITS.preview) };
  }
  if (facts.lastResponse === undefined || end >= facts.lastResponse.at) {
    const text = responsePreview(attributes);
    if (text !== undefined) facts.lastResponse = { at: end, text: truncate(text, LIMITS.preview) };
  }
}

/**
 * Forgets the texts of the spans beneath a remote agent whose call has its own. Their times cannot decide, because they are
 * of another clock.
 *
 * @param facts what the spans beneath the remote agent showed
 */
export function preferRemoteAgent(facts: RequestFacts, span: TimedSpan): void {
  if (!isRemoteAgent(span)) return;
  if (requestPreview(span.attributes) !== undefined) delete facts.firstRequest;
  if (responsePreview(span.attributes) !== undefined) delete facts.lastResponse;
}

/** Returns session and user of a span, or of a record's source. */
export function identityOf(attributes: Attributes): Identity {
  const session = firstString(attributes, ...SESSION_KEYS);
  const user = firstString(attributes, USER_KEY);
  return {
    ...(session === undefined ? {} : { sessionId: truncate(session, LIMITS.session) }),
    ...(user === undefined ? {} : { userId: truncate(user, LIMITS.metadataValue) }),
  };
}

/** Whether both can be of one request: neither session nor user differs. */
export function isSameIdentity(some: Readonly<Identity>, other: Readonly<Identity>): boolean {
  const agrees = (one: string | undefined, two: string | undefined): boolean =>
    one === undefined || two === undefined || one === two;
  return agrees(some.sessionId, other.sessionId) && agrees(some.userId, other.userId);
}

/** Adds facts of the same request. The earlier session and user win. */
export function joinFacts(facts: RequestFacts, more: Readonly<RequestFacts>): void {
  const { sessionId, userId, firstRequest: request, lastResponse: response } = more;
  if (sessionId !== undefined) facts.sessionId ??= sessionId;
  if (userId !== undefined) facts.userId ??= userId;
  if (request !== undefined && request.at < (facts.firstRequest?.at ?? request.at + 1n)) facts.firstRequest = request;
  if (response !== undefined && response.at >= (facts.lastResponse?.at ?? response.at)) facts.lastResponse = response;
}
