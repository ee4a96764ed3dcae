import type { ReadableSpan } from '../../common/sdk-types.js';
import { firstString, truncate } from '../../common/text.js';
import { nanoseconds } from '../../common/time.js';
import { LIMITS, LINKED_PROMPTS } from '../../mlflow/names.js';
import { addPrompts, type PromptSet, readLinkedPrompts } from '../../mlflow/prompts.js';
import { hasFigures, isRoot } from '../span/span.js';
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
  prompts?: PromptSet;
  /** Whether any span counts tokens or cost. */
  hasFigures?: boolean;
  /** Whether its root, the span without a parent, was here. */
  isRooted?: boolean;
}

/** The part of a span that facts depend on. */
export type ObservedSpan = Pick<ReadableSpan, 'attributes' | 'startTime' | 'endTime' | 'parentSpanContext'>;

/** Adds what a span shows about its trace. */
export function observeSpan(facts: TraceFacts, span: ObservedSpan): void {
  const { attributes } = span;
  if (isRoot(span)) facts.isRooted = true;
  facts.hasFigures ||= hasFigures(span);
  const session = firstString(attributes, 'session.id', 'gen_ai.conversation.id');
  const user = firstString(attributes, 'user.id');
  const prompts = readLinkedPrompts(attributes[LINKED_PROMPTS]);
  if (prompts.length > 0) {
    facts.prompts ??= new Map();
    addPrompts(facts.prompts, prompts);
  }
  if (session !== undefined) facts.sessionId ??= truncate(session, LIMITS.session);
  if (user !== undefined) facts.userId ??= truncate(user, LIMITS.metadataValue);
  if (isChatSpan(attributes)) observeChat(facts, span);
}

function observeChat(facts: TraceFacts, { attributes, startTime, endTime }: ObservedSpan): void {
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
