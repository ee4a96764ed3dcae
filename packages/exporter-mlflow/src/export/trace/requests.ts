import { addNewest } from '../../common/maps.js';
import { optional } from '../../mlflow/rest.js';
import { isRoot, localRootId } from '../span/span.js';
import {
  identityOf,
  isSameIdentity,
  joinFacts,
  type ObservedSpan,
  observeRequest,
  preferRemoteAgent,
  type RequestFacts,
} from './facts.js';
import type { RecordSource } from './record.js';

/** Spans that are known to belong together, because their parents arrived. */
interface Group {
  readonly facts: RequestFacts;
  /** The group that this one became a part of. */
  joined?: Group;
  /** Whether it may have several requests. Then its facts are of none. */
  isMixed?: boolean;
}

// For children that arrive later than their parents.
const MAX_ARRIVED = 100;
// Many of them wait only if spans between them and their local root are missing.
const MAX_AWAITED = 100;
// Groups have previews of a few kilobytes.
const MAX_LOCAL_ROOTS = 50;
const MAX_SIBLINGS = 10;

/**
 * The requests of one trace in this process: those with the same trace id can have different users. Each is a local root,
 * whose parent is in another service or missing, with the spans below it. Children usually arrive before their parents.
 */
export class Requests {
  /** By the id of a parent that has not arrived. If it never does, each of its children can be of another request. */
  readonly #awaited = new Map<string, readonly Group[]>();
  /** By the id of a span that arrived. */
  readonly #arrived = new Map<string, Group>();
  /** By the id of a local root. */
  readonly #localRoots = new Map<string, Group>();
  #hasOnlyRoot = true;

  /** Adds a span, in any order. A span that comes again, as after an outage, changes nothing. */
  add(span: ObservedSpan): void {
    const { spanId } = span.spanContext();
    if (this.#arrived.has(spanId)) return;
    const parentId = span.parentSpanContext?.spanId;
    const rootId = localRootId(span);
    let group = joinAll(this.#takeAwaited(spanId));
    preferRemoteAgent(group.facts, span);
    if (rootId !== undefined) {
      const known = this.#localRoots.get(rootId);
      const isFirst = this.#localRoots.size === 0 || known !== undefined;
      this.#hasOnlyRoot &&= isFirst && isRoot(span);
      group = joinAll([...(known === undefined ? [] : [known]), group, ...this.#takeAwaited(rootId)]);
      // The root of the trace decides about the record, so other local roots leave room for it.
      const most = isRoot(span) ? 2 * MAX_LOCAL_ROOTS : MAX_LOCAL_ROOTS;
      if (this.#localRoots.size < most) this.#localRoots.set(rootId, group);
    } else if (parentId !== undefined) {
      const above = this.#arrived.get(parentId);
      group = above === undefined ? this.#await(parentId, group) : joinAll([above, group]);
    }
    observeRequest(group.facts, span);
    addNewest(this.#arrived, spanId, group, MAX_ARRIVED);
  }

  #takeAwaited(spanId: string): readonly Group[] {
    const groups = this.#awaited.get(spanId) ?? [];
    this.#awaited.delete(spanId);
    return groups;
  }

  /** Returns the group of a span whose parent has not arrived. With too many siblings, further ones share a group. */
  #await(parentId: string, group: Group): Group {
    const siblings = this.#awaited.get(parentId) ?? [];
    if (siblings.some((sibling) => wholeOf(sibling) === group)) return group;
    const mixed = siblings[MAX_SIBLINGS - 1];
    addNewest(this.#awaited, parentId, mixed === undefined ? [...siblings, group] : siblings, MAX_AWAITED);
    if (mixed === undefined) return group;
    const whole = joinAll([mixed, group]);
    whole.isMixed = true;
    return whole;
  }

  /**
   * Returns what the request of a span shows. Session and user of the span itself come first. What a root lacks comes from
   * spans whose parent is missing, for example because a sampler kept it out. Those must not have another session or
   * user. Below a parent in another service, they may be of a request whose local root still runs.
   */
  factsOf(source: RecordSource): RequestFacts {
    const { spanId } = source.spanContext();
    const root = this.#localRoots.get(source.leftOutRoot ?? spanId);
    const facts: RequestFacts = { ...factsIn(root ?? this.#arrived.get(spanId)), ...identityOf(source.attributes) };
    if (root === undefined || !this.#hasOnlyRoot) return facts;
    const orphans = [...this.#awaited.values()].flat().map(factsIn);
    return fill(
      facts,
      orphans.filter((each) => isSameIdentity(facts, each)),
    );
  }
}

function factsIn(group: Group | undefined): Readonly<RequestFacts> {
  const whole = group && wholeOf(group);
  return whole === undefined || whole.isMixed ? {} : whole.facts;
}

/** Adds what is missing from one of the others. All of it must be of the same spans. */
function fill(facts: RequestFacts, others: readonly Readonly<RequestFacts>[]): RequestFacts {
  const lacksPreviews = !hasPreviews(facts);
  const lacksIdentity = !hasIdentity(facts);
  const source = (lacksPreviews ? others.find(hasPreviews) : undefined) ?? others.find(hasIdentity);
  if (source === undefined) return facts;
  const { sessionId, userId, firstRequest, lastResponse } = source;
  return {
    ...facts,
    ...(lacksIdentity ? { ...optional('sessionId', sessionId), ...optional('userId', userId) } : {}),
    ...(lacksPreviews ? { ...optional('firstRequest', firstRequest), ...optional('lastResponse', lastResponse) } : {}),
  };
}

function hasPreviews({ firstRequest, lastResponse }: Readonly<RequestFacts>): boolean {
  return firstRequest !== undefined || lastResponse !== undefined;
}

function hasIdentity({ sessionId, userId }: Readonly<RequestFacts>): boolean {
  return sessionId !== undefined || userId !== undefined;
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
