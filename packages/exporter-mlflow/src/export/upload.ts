import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { runningTime } from '../common/running-time.js';
import type { ReadableSpan } from '../common/sdk-types.js';
import type { Failure } from '../http/outcome.js';
import { type PartialSuccess, postSpans } from '../mlflow/otlp.js';
import { encodeSpans } from '../mlflow/otlp-spans.js';
import type { Rest, RestResult } from '../mlflow/rest.js';
import type { Reporter } from './reporter.js';
import { type BatchLimits, halve, splitIntoBatches } from './span/batches.js';
import { repairs } from './span/repair.js';

/** The part of a batch that the server has now. */
export interface UploadResult {
  /** Includes spans that arrived without their content, and whole requests of which the server rejected a part. */
  accepted: ReadableSpan[];
  /** How many of the accepted spans the server rejected. Reported already. */
  rejected: number;
  /** How many spans the server refused for their content or with their trace. Reported already. */
  refused: number;
  /** Why the server refused whole traces; absent if it refused none. Reported already. */
  refusal?: Failure;
  /** Why the rest is missing; absent if nothing else is. */
  failure?: Failure;
}

export interface UploadOptions {
  compression: 'gzip' | 'none';
  /** Limit of one request before compression. */
  maxRequestBytes: number;
  /** Sent as a header; only for traces that get no record. */
  runId: string | undefined;
  reporter: Reporter;
  /** Resolves in a turn of the event loop for work that keeps the processor busy. */
  nextTurn: () => Promise<void>;
}

type Sent = RestResult<PartialSuccess | undefined>;

const compress = promisify(gzip);
// The default, 6, shrinks conversations by another fifth to third, and takes two to three times as long.
const COMPRESSION_LEVEL = 1;
// Finding one bad span among 512 takes 18 requests. A server that refuses everything must not get a thousand of them.
const MAX_REFUSALS_PER_EXPORT = 100;
// A span that is refused even without content shows that content is not the cause.
const MAX_USELESS_REPAIRS = 2;
const MAX_SPANS_PER_REQUEST = 512;
// With these statuses the server refuses the content of a request. 413 comes from proxies before it.
const CONTENT_STATUSES = new Set([400, 413, 422]);

/** Sends spans of one experiment by OTLP, in as many requests as it takes. */
export class Uploader {
  readonly #options: UploadOptions;
  readonly #limits: BatchLimits;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#limits = { spans: MAX_SPANS_PER_REQUEST, bytes: options.maxRequestBytes };
  }

  /**
   * Sends the spans. The server accepts or refuses a request as a whole. A refused request is halved until the bad span
   * is alone. Then that span is sent again without its content.
   */
  async upload(spans: readonly ReadableSpan[], experimentId: string, rest: Rest): Promise<UploadResult> {
    const { reporter } = this.#options;
    const result: UploadResult = { accepted: [], rejected: 0, refused: 0 };
    const refusals = { count: 0, uselessRepairs: 0 };
    const pending = splitIntoBatches(spans, this.#limits).reverse();
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      const sent = await this.#send(part, experimentId, rest);
      if (sent === undefined) {
        pending.push(...halve(part).reverse());
        continue;
      }
      if (sent.kind === 'success') {
        this.#accept(part, sent.value, result);
        continue;
      }
      if (sent.kind !== 'rejected' || !CONTENT_STATUSES.has(sent.status ?? 0)) return { ...result, failure: sent };
      refusals.count += 1;
      if (refusals.count >= MAX_REFUSALS_PER_EXPORT || runningTime() >= rest.limit.deadline) {
        const reason = `MLflow at ${rest.url} refuses span after span (${sent.reason})`;
        return { ...result, failure: { ...sent, reason } };
      }
      const [span] = part;
      if (part.length > 1 || span === undefined) {
        pending.push(...halve(part).reverse());
        continue;
      }
      const repaired = await this.#repair(span, sent.reason, experimentId, rest, refusals);
      if (typeof repaired === 'object') return { ...result, failure: repaired };
      if (repaired) {
        result.accepted.push(span);
        reporter.repairedSpan(span.name, sent.reason);
      } else {
        result.refused += 1;
        reporter.refusedSpan(span.name, sent.reason);
      }
    }
    return result;
  }

  /** Returns undefined if the spans do not fit into one request. */
  async #send(spans: ReadableSpan[], experimentId: string, rest: Rest): Promise<Sent | undefined> {
    const { nextTurn, maxRequestBytes, compression, runId } = this.#options;
    await nextTurn();
    const message = serialize(spans);
    if (message === undefined) return { kind: 'rejected', status: 422, reason: 'it cannot be serialized' };
    if (message.byteLength > maxRequestBytes && spans.length > 1) return undefined;
    const isCompressed = compression === 'gzip';
    const body = isCompressed ? await compress(message, { level: COMPRESSION_LEVEL }) : message;
    return postSpans(rest, { experimentId, runId, body, gzip: isCompressed });
  }

  #accept(part: ReadableSpan[], partial: PartialSuccess | undefined, result: UploadResult): void {
    const missing = Math.min(partial?.rejected ?? 0, part.length);
    if (partial !== undefined) this.#options.reporter.partlyTaken(missing, partial.message);
    if (missing === part.length) {
      result.refused += missing;
      return;
    }
    result.rejected += missing;
    result.accepted.push(...part);
  }

  /** Returns whether the server accepted a part of the span, or why the request failed. */
  async #repair(
    span: ReadableSpan,
    reason: string,
    experimentId: string,
    rest: Rest,
    refusals: { count: number; uselessRepairs: number },
  ): Promise<Failure | boolean> {
    if (refusals.uselessRepairs >= MAX_USELESS_REPAIRS) return false;
    for (const repaired of repairs(span, reason)) {
      const sent = await this.#send([repaired], experimentId, rest);
      if (sent?.kind === 'success') return !sent.value?.rejected;
      if (sent !== undefined && sent.kind !== 'rejected') return sent;
      refusals.count += 1;
    }
    refusals.uselessRepairs += 1;
    return false;
  }
}

/** Returns undefined if the serializer fails on a span, which is then dropped like a span that the server refuses. */
function serialize(spans: ReadableSpan[]): Uint8Array | undefined {
  try {
    return encodeSpans(spans);
  } catch {
    return undefined;
  }
}
