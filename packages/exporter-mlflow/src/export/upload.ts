import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '../common/sdk-types.js';
import type { HttpClient } from '../http/client.js';
import type { Failure, Outcome } from '../http/outcome.js';
import { sendByOtlp } from '../mlflow/otlp-route.js';
import { type PartialSuccess, readPartialSuccess } from '../mlflow/partial-success.js';
import { type BatchLimits, halve, splitIntoBatches } from './batches.js';
import { repairs } from './repair.js';
import type { Reporter } from './reporter.js';

/** What the server has of a batch now. */
export interface UploadResult {
  /** Including those that arrived without their content, and requests of which the server rejected only a part. */
  accepted: ReadableSpan[];
  /** How many of the accepted ones it rejected; reported already. */
  rejected: number;
  /** Refused for their content; reported already. */
  refused: number;
  /** Why the rest is missing; absent when nothing is. */
  failure?: Failure;
}

export interface Uploader {
  /** Sends spans of one experiment by OTLP, in as many requests as it takes. */
  upload(spans: ReadableSpan[], experimentId: string, deadline: number): Promise<UploadResult>;
}

type UploadOutcome = { kind: 'success'; partial?: PartialSuccess | undefined } | Failure;

const compress = promisify(gzip);
// The default, 6, makes a fifth to a third less of conversations, and takes two to three times as long.
const COMPRESSION_LEVEL = 1;
// Finding one bad span among 512 takes 18 requests. A server that refuses everything must not get a thousand of them.
const MAX_REFUSALS_PER_EXPORT = 100;
// A span that is refused without any content shows that content is not the cause.
const MAX_USELESS_REPAIRS = 2;
const MAX_SPANS_PER_REQUEST = 512;
// With these statuses the server refuses what a request holds; 413 comes from proxies before it.
const CONTENT_STATUSES = new Set([400, 413, 422]);

export function createUploader(parts: {
  http: HttpClient;
  compression: 'gzip' | 'none';
  /** Limit of one request before compression. */
  maxRequestBytes: number;
  /** Sent as a header, for traces that get no record to say it. */
  runId: string | undefined;
  reporter: Reporter;
  /** Resolves when it is time for some work of the processor. */
  nextTurn: () => Promise<void>;
}): Uploader {
  const { http, compression, maxRequestBytes, runId, reporter, nextTurn } = parts;
  const limits: BatchLimits = { spans: MAX_SPANS_PER_REQUEST, bytes: maxRequestBytes };

  const post = async (message: Uint8Array, experimentId: string, deadline: number): Promise<UploadOutcome> => {
    const headers: Record<string, string> = {
      'content-type': 'application/x-protobuf',
      'x-mlflow-experiment-id': experimentId,
      ...(runId === undefined ? {} : { 'x-mlflow-run-id': runId }),
      ...(compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    };
    const body = compression === 'gzip' ? await compress(message, { level: COMPRESSION_LEVEL }) : message;
    const request = { method: 'POST', path: '/v1/traces', headers, body, beginningOnly: true } as const;
    let partial: PartialSuccess | undefined;
    const sendOnce = async (): Promise<Outcome> => {
      const result = await http.send(request, deadline);
      partial = readPartialSuccess(result);
      return result;
    };
    const outcome = await sendByOtlp(sendOnce, http, deadline);
    return outcome.kind === 'success' ? { kind: 'success', partial } : outcome;
  };
  /** `undefined` when they are too many for one request after all. */
  const send = async (
    spans: ReadableSpan[],
    experimentId: string,
    deadline: number,
  ): Promise<UploadOutcome | undefined> => {
    await nextTurn();
    const message = serialize(spans);
    if (message === undefined) return { kind: 'rejected', status: 422, reason: 'it cannot be serialized' };
    if (message.byteLength > maxRequestBytes && spans.length > 1) return undefined;
    return post(message, experimentId, deadline);
  };

  return {
    async upload(spans, experimentId, deadline) {
      const result: UploadResult = { accepted: [], rejected: 0, refused: 0 };
      let refusals = 0;
      let uselessRepairs = 0;
      /** Whether the server took the span in part. */
      const repair = async (span: ReadableSpan, reason: string): Promise<Failure | boolean> => {
        if (uselessRepairs >= MAX_USELESS_REPAIRS) return false;
        for (const repaired of repairs(span, reason)) {
          const outcome = await send([repaired], experimentId, deadline);
          if (outcome?.kind === 'success') return !outcome.partial?.rejected;
          if (outcome !== undefined && outcome.kind !== 'rejected') return outcome;
          refusals += 1;
        }
        uselessRepairs += 1;
        return false;
      };
      const pending = splitIntoBatches(spans, limits).reverse();
      for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
        const outcome = await send(part, experimentId, deadline);
        if (outcome === undefined) {
          pending.push(...halve(part).reverse());
          continue;
        }
        if (outcome.kind === 'success') {
          const { rejected = 0, message = '' } = outcome.partial ?? {};
          const missing = Math.min(rejected, part.length);
          if (outcome.partial !== undefined) reporter.partlyTaken(missing, message);
          if (missing === part.length) {
            result.refused += missing;
          } else {
            result.rejected += missing;
            result.accepted.push(...part);
          }
          continue;
        }
        if (outcome.kind !== 'rejected' || !CONTENT_STATUSES.has(outcome.status ?? 0)) {
          return { ...result, failure: outcome };
        }
        refusals += 1;
        if (refusals >= MAX_REFUSALS_PER_EXPORT || performance.now() >= deadline) {
          const reason = `MLflow at ${http.url} refuses span after span (${outcome.reason})`;
          return { ...result, failure: { ...outcome, reason } };
        }
        const [span] = part;
        if (part.length > 1 || span === undefined) {
          // The server takes or refuses a request as a whole, so one bad span hides the good ones beside it.
          pending.push(...halve(part).reverse());
          continue;
        }
        const repaired = await repair(span, outcome.reason);
        if (typeof repaired === 'object') return { ...result, failure: repaired };
        if (repaired) {
          result.accepted.push(span);
          reporter.repairedSpan(span.name, outcome.reason);
        } else {
          result.refused += 1;
          reporter.refusedSpan(span.name, outcome.reason);
        }
      }
      return result;
    },
  };
}

/** `undefined` when a span holds what the serializer chokes on; found and dropped like one that the server refuses. */
function serialize(spans: ReadableSpan[]): Uint8Array | undefined {
  try {
    return ProtobufTraceSerializer.serializeRequest(
      spans as Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0],
    );
  } catch {
    return undefined;
  }
}
