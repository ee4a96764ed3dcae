import type { ReadableSpan } from '../../common/sdk-types.js';
import { type Failure, isInternalError } from '../../http/exchange/outcome.js';
import type { Rest } from '../../mlflow/rest.js';
import { getTraceLocations, type TraceLocation } from '../../mlflow/trace-locations.js';
import { halve, partition } from '../span/batches.js';
import { groupByTrace } from '../span/span.js';
import type { TraceRefusal } from '../trace/refused.js';

/** What to do about a refused request. Both are empty for a single span that is at fault itself. */
interface Division {
  /** Traces of the request of which the server takes no span. */
  refused: ReadonlyMap<string, TraceRefusal>;
  /** The other spans, in parts to send one by one. */
  parts: ReadableSpan[][];
}

type TraceId = string;

// With these statuses the server refuses the content of a request. 403 and 413 come from firewalls and proxies before it.
const CONTENT_STATUSES = new Set<number | undefined>([400, 403, 413, 422]);
// MLflow answers some of these with status 500.
const CONTENT_CODES = new Set(['INVALID_STATE', 'INVALID_PARAMETER_VALUE', 'BAD_REQUEST', 'MALFORMED_REQUEST']);
// These answers are about the size of the request or about the form of one span, even if they name a trace.
const SPAN_STATUSES = new Set<number | undefined>([413, 422]);
// A trace of which the server refuses so many spans without their content, and takes none, is refused as a whole.
const TELLING_SPANS = 2;
// After so many traces that were refused as a whole, the next ones with the same answer are not searched.
const TELLING_TRACES = 2;
const LOOKUP_MILLIS = 3_000;
const TRACE_ID = /^[0-9a-f]{32}$/;
const NONE: ReadonlyMap<TraceId, TraceRefusal> = new Map();

/**
 * Finds the traces and spans for which the server refuses the requests of one upload.
 *
 * An answer often names a trace, but MLflow names only one of several traces of other experiments. So the search also
 * asks the server where it keeps the traces of a refused request, once for each trace. If neither helps, it halves the
 * request: first by trace, then within one trace by span.
 */
export class CulpritSearch {
  readonly #rest: Rest;
  readonly #experimentId: string;
  readonly #asked = new Set<TraceId>();
  readonly #locations = new Map<TraceId, TraceLocation>();
  readonly #accepted = new Set<TraceId>();
  /** How many spans of a trace were refused without their content. */
  readonly #bareRefusals = new Map<TraceId, number>();
  /** How many traces were refused as a whole, by the answer. */
  readonly #wholeRefusals = new Map<string, number>();
  /** Parts that are the rest of a request whose culprits are known. */
  readonly #remainders = new WeakSet<ReadableSpan[]>();

  constructor(experimentId: string, rest: Rest) {
    this.#experimentId = experimentId;
    this.#rest = rest;
  }

  /** Whether the failure is about a part of the request. Otherwise no part of it would succeed. */
  isAboutContent({ kind, status, errorCode = '', namedIds = [] }: Failure, part: readonly ReadableSpan[]): boolean {
    if (kind !== 'rejected') return false;
    if (CONTENT_STATUSES.has(status) || CONTENT_CODES.has(errorCode)) return true;
    const named = new Set(namedIds);
    return part.some((span) => named.has(span.spanContext().traceId));
  }

  /** Notes that the server took these spans. */
  accepted(part: readonly ReadableSpan[]): void {
    for (const span of part) this.#accepted.add(span.spanContext().traceId);
  }

  /** Decides about a request that the server refused for its content. */
  async divide(part: ReadableSpan[], failure: Failure): Promise<Division> {
    const traces = groupByTrace(part);
    const named = new Set((failure.namedIds ?? []).filter((id) => traces.has(id)));
    const isAboutTraces = !SPAN_STATUSES.has(failure.status);
    if (isAboutTraces) await this.#locate([...traces.keys()]);
    const refused = isAboutTraces ? this.#findRefused([...traces.keys()], named, failure) : NONE;
    if (refused.size > 0) return { refused, parts: this.#remainder(part, refused) };
    const suspects = new Set([...traces.keys()].filter((id) => named.has(id) || this.#suspicion(id) !== undefined));
    if (suspects.size > 0 && suspects.size < traces.size) return { refused, parts: partition(part, suspects) };
    return { refused, parts: part.length > 1 ? halve(part) : [] };
  }

  /**
   * Notes that the server refused the span even without its content. Returns the refusal of its trace if the server
   * seems to refuse all of it.
   */
  refusedBare(span: ReadableSpan, failure: Failure): TraceRefusal | undefined {
    if (isInternalError(failure)) return undefined;
    const { traceId } = span.spanContext();
    const count = (this.#bareRefusals.get(traceId) ?? 0) + 1;
    this.#bareRefusals.set(traceId, count);
    if (count < TELLING_SPANS || this.#accepted.has(traceId) || SPAN_STATUSES.has(failure.status)) return undefined;
    this.#wholeRefusals.set(failure.reason, (this.#wholeRefusals.get(failure.reason) ?? 0) + 1);
    return { cause: 'unknown', said: failure.reason };
  }

  #findRefused(
    traceIds: readonly TraceId[],
    named: ReadonlySet<TraceId>,
    failure: Failure,
  ): ReadonlyMap<TraceId, TraceRefusal> {
    const answer = readAnswer(failure);
    const causes = new Set([answer.cause, ...[...named].map((id) => this.#suspicion(id)?.cause)]);
    const isAlone = traceIds.length === 1;
    // An answer that repeats the whole request says nothing about a single trace.
    const isTelling = isAlone || answer.cause !== 'unknown' || named.size < traceIds.length;
    const isSure = isAlone && (answer.cause !== 'unknown' || this.#isWholeRefusal(failure));
    const refused = new Map<TraceId, TraceRefusal>();
    for (const id of traceIds) {
      const suspicion = this.#suspicion(id);
      const isMeant = suspicion !== undefined && (isAlone || causes.has(suspicion.cause));
      if (isMeant || (isTelling && named.has(id)) || isSure) refused.set(id, suspicion ?? answer);
    }
    return refused;
  }

  #isWholeRefusal({ errorCode, reason }: Failure): boolean {
    return errorCode === 'INVALID_STATE' || (this.#wholeRefusals.get(reason) ?? 0) >= TELLING_TRACES;
  }

  /** Why the server may refuse this trace for where it keeps it. Old servers accept a trace of another experiment. */
  #suspicion(traceId: TraceId): TraceRefusal | undefined {
    const location = this.#locations.get(traceId);
    if (location?.isArchived) return { cause: 'archived' };
    if (location === undefined || location.experimentId === this.#experimentId) return undefined;
    return { cause: 'elsewhere', experimentId: this.#rest.show(location.experimentId) };
  }

  async #locate(traceIds: readonly TraceId[]): Promise<void> {
    const unknown = traceIds.filter((id) => TRACE_ID.test(id) && !this.#asked.has(id));
    if (unknown.length === 0) return;
    for (const id of unknown) this.#asked.add(id);
    const found = await getTraceLocations(this.#rest.withTime(LOOKUP_MILLIS), unknown);
    // A gateway or an old server may lack this route. The search works without it.
    if (found.kind !== 'success') return;
    for (const [id, location] of found.value) this.#locations.set(id, location);
  }

  /** The spans without the culprits, in halves only if they are such a rest already: usually, all culprits are known. */
  #remainder(part: ReadableSpan[], refused: ReadonlyMap<TraceId, unknown>): ReadableSpan[][] {
    const rest = part.filter((span) => !refused.has(span.spanContext().traceId));
    if (rest.length === 0) return [];
    const parts = this.#remainders.has(part) && rest.length > 1 ? halve(rest) : [rest];
    for (const one of parts) this.#remainders.add(one);
    return parts;
  }
}

/** Why the server refuses a trace, by its own words. */
function readAnswer({ about, reason }: Failure): TraceRefusal {
  return about === undefined ? { cause: 'unknown', said: reason } : { cause: about };
}
