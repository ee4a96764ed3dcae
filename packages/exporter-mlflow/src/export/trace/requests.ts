import { optional } from '../../mlflow/rest.js';
import { hasRemoteParent, isRoot } from '../span/span.js';
import {
  identityOf,
  isSameIdentity,
  joinFacts,
  type ObservedSpan,
  observeRequest,
  type RequestFacts,
} from './facts.js';
import type { RecordSource } from './record.js';

/** Spans that are known to belong together, because their parents arrived. */
interface Group {
  readonly facts: RequestFacts;
  /** The group that this one became a part of. */
  joined?: Group;
}

// For children that arrive later than their parents.
const MAX_ARRIVED = 100;
// Many of them wait only if spans between them and their local root are missing.
const MAX_AWAITED = 100;
// Groups have previews of a few kilobytes.
const MAX_LOCAL_ROOTS = 50;
const MAX_STRANGERS = 10;

/**
 * The requests of one trace in this process: those with the same trace id can have different users. Each is a local root,
 * whose parent is in another service or missing, with the spans below it. Children usually arrive before their parents.
 */
export class Requests {
  /** By the id of a parent that has not arrived. If it never does, children with different users are no one request. */
  readonly #awaited = new Map<string, readonly Group[]>();
  /** By the id of a span that arrived. */
  readonly #arrived = new Map<string, Group>();
  /** By the id of a local root. */
  readonly #localRoots = new Map<string, Group>();
  #hasSeveral = false;

  /** Adds a span, in any order. */
  add(span: ObservedSpan): void {
    const { spanId } = span.spanContext();
    const parentId = span.parentSpanContext?.spanId;
    let group = joinAll(this.#awaited.get(spanId) ?? []);
    this.#awaited.delete(spanId);
    if (parentId === undefined || hasRemoteParent(span)) {
      this.#hasSeveral ||= this.#localRoots.size > 0 && !this.#localRoots.has(spanId);
      // A root without any parent decides about the record, so it is always kept.
      if (this.#localRoots.size < MAX_LOCAL_ROOTS || isRoot(span)) this.#localRoots.set(spanId, group);
    } else {
      const above = this.#arrived.get(parentId);
      group = above === undefined ? this.#await(parentId, group, span) : joinAll([above, group]);
    }
    observeRequest(group.facts, span);
    add(this.#arrived, spanId, group, MAX_ARRIVED);
  }

  /** Returns the group of a span whose parent has not arrived. */
  #await(parentId: string, group: Group, { attributes }: ObservedSpan): Group {
    const waiting = this.#awaited.get(parentId) ?? [];
    const identity = { ...group.facts, ...identityOf(attributes) };
    const same = waiting.find((other) => isSameIdentity(wholeOf(other).facts, identity));
    const isNew = same === undefined && waiting.length < MAX_STRANGERS;
    add(this.#awaited, parentId, isNew ? [...waiting, group] : waiting, MAX_AWAITED);
    return same === undefined ? group : joinAll([same, group]);
  }

  /**
   * Returns what the request of a span shows. Session and user of the span itself come first. What is missing comes from
   * spans whose parent is missing, because a filter or a sampler kept it out. Those must not have another session or
   * user, and the trace no other local root.
   */
  factsOf(source: RecordSource): RequestFacts {
    const { spanId } = source.spanContext();
    const group = this.#localRoots.get(spanId) ?? this.#arrived.get(spanId);
    const facts: RequestFacts = { ...(group && wholeOf(group).facts), ...identityOf(source.attributes) };
    if (this.#hasSeveral) return facts;
    for (const { facts: orphans } of [...this.#awaited.values()].flat().map(wholeOf)) {
      if (isSameIdentity(facts, orphans)) fill(facts, orphans);
    }
    return facts;
  }
}

/** Session and user must be of the same spans, and so must request and response. */
function fill(facts: RequestFacts, { sessionId, userId, firstRequest, lastResponse }: Readonly<RequestFacts>): void {
  if (facts.sessionId === undefined && facts.userId === undefined) {
    Object.assign(facts, optional('sessionId', sessionId), optional('userId', userId));
  }
  if (facts.firstRequest === undefined && facts.lastResponse === undefined) {
    Object.assign(facts, optional('firstRequest', firstRequest), optional('lastResponse', lastResponse));
  }
}

function wholeOf(group: Group): Group {
  let whole = group;
  while (whole.joined !== undefined) {
    // Shortens the way for the next time, because many groups can have joined one after the other.
    whole.joined = whole.joined.joined ?? whole.joined;
    whole = whole.joined;
  }
  return whole;
}

/** Makes one group of all. Returns a new one if there are none. */
function joinAll(groups: readonly Group[]): Group {
  const [first, ...others] = groups;
  if (first === undefined) return { facts: {} };
  const whole = wholeOf(first);
  for (const part of others.map(wholeOf)) {
    if (part === whole) continue;
    joinFacts(whole.facts, part.facts);
    part.joined = whole;
  }
  return whole;
}

/** Adds an entry as the newest. Forgets the oldest if there are too many. */
function add<T>(groups: Map<string, T>, id: string, group: T, most: number): void {
  groups.delete(id);
  groups.set(id, group);
  if (groups.size <= most) return;
  const [oldest] = groups.keys();
  if (oldest !== undefined) groups.delete(oldest);
}
