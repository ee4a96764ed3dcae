import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { sendByOtlp } from './otlp-route.js';
import type { Reporter } from './reporter.js';
import { classify, type Failure, type Outcome } from './response.js';
import type { Transport } from './transport.js';

/** What the server has of a batch now. */
export interface UploadResult {
  accepted: ReadableSpan[];
  /** Refused for their content, one by one; reported already. */
  refused: number;
  /** Why the rest is missing; absent when nothing is. */
  failure?: Failure;
}

export interface Uploader {
  /** Sends spans of one experiment by OTLP. */
  upload(spans: ReadableSpan[], experimentId: string, deadline: number): Promise<UploadResult>;
}

const compress = promisify(gzip);
// Finding one bad span among 512 takes 18 requests. A server that refuses everything must not get a thousand of them.
const MAX_REQUESTS_PER_BATCH = 100;

export function createUploader(parts: {
  transport: Transport;
  url: string;
  compression: 'gzip' | 'none';
  /** Sent as a header, for traces that get no record to say it. */
  runId: string | undefined;
  reporter: Reporter;
}): Uploader {
  const { transport, url, compression, runId, reporter } = parts;

  const send = async (spans: ReadableSpan[], experimentId: string, deadline: number): Promise<Outcome> => {
    const message = ProtobufTraceSerializer.serializeRequest(spans);
    if (message === undefined) return { kind: 'rejected', reason: 'it cannot be serialized' };
    const headers: Record<string, string> = {
      'content-type': 'application/x-protobuf',
      'x-mlflow-experiment-id': experimentId,
      ...(runId === undefined ? {} : { 'x-mlflow-run-id': runId }),
      ...(compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    };
    const body = compression === 'gzip' ? await compress(message) : message;
    const request = { method: 'POST', path: '/v1/traces', headers, body, statusOnly: true } as const;
    return sendByOtlp(async () => classify(await transport.send(request, deadline), url), transport, deadline);
  };

  return {
    async upload(spans, experimentId, deadline) {
      const result: UploadResult = { accepted: [], refused: 0 };
      // The server takes or refuses a request as a whole, so one bad span hides the good ones beside it.
      const pending = [spans];
      for (let requests = 1; ; requests++) {
        const part = pending.pop();
        if (part === undefined) return result;
        const outcome = await send(part, experimentId, deadline);
        if (outcome.kind === 'success') {
          result.accepted.push(...part);
        } else if (outcome.kind !== 'rejected') {
          return { ...result, failure: outcome };
        } else if (requests >= MAX_REQUESTS_PER_BATCH) {
          const reason = `MLflow at ${url} refuses span after span (${outcome.reason})`;
          return { ...result, failure: { ...outcome, reason } };
        } else if (part.length > 1) {
          const half = Math.ceil(part.length / 2);
          pending.push(part.slice(half), part.slice(0, half));
        } else {
          result.refused += 1;
          reporter.refusedSpan(part[0]?.name ?? '', outcome.reason);
        }
      }
    },
  };
}
