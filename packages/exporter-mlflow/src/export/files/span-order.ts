/** What the order of a span depends on. */
export interface StartedSpan {
  spanId: string;
  /** Absent on a root. */
  parentSpanId?: string | undefined;
  /** Nanoseconds of the epoch. */
  start: bigint;
}

/**
 * Returns spans in the order of their start, as Python's client writes them. Users of that client take the first span for
 * the root. Many spans start in the same millisecond: there, a parent comes before its children, and others keep their
 * order.
 */
export function inOrderOfStart<T extends StartedSpan>(spans: Iterable<T>): T[] {
  const sorted = [...spans].sort((one, other) => Number(one.start - other.start));
  const byId = new Map(sorted.map((span) => [span.spanId, span]));
  const ordered = new Set<T>();
  for (const span of sorted) {
    // Spans of a hostile application may be parents of each other, so that a set must end the way up.
    const waiting = new Set<T>();
    let above: T | undefined = span;
    while (above !== undefined && !ordered.has(above) && !waiting.has(above)) {
      if (above.start !== span.start) break;
      waiting.add(above);
      above = byId.get(above.parentSpanId ?? '');
    }
    for (const next of [...waiting].reverse()) ordered.add(next);
  }
  return [...ordered];
}
