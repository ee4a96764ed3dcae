import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { say } from '../../common/shown-text.js';
import type { Slices } from '../../common/slices.js';
import { type OtlpEndpoint, postSpans } from '../../mlflow/otlp.js';
import { encodeEach } from '../../mlflow/otlp-spans.js';
import type { PartialSuccess } from '../../mlflow/partial-success.js';
import type { Rest, RestResult } from '../../mlflow/rest.js';
import { recordedTexts } from '../span/recorded-texts.js';

export interface SendOptions {
  endpoint: OtlpEndpoint;
  compression: 'gzip' | 'none';
  /** Limit of one request before compression. */
  maxRequestBytes: number;
  /** Sent as a header; only for traces that get no record. */
  runId: string | undefined;
  /** For work that keeps the processor busy. */
  slices: Slices;
}

export type Sent = RestResult<PartialSuccess | undefined>;

const compress = promisify(gzip);
// The default, 6, shrinks conversations by another fifth to third, and takes two to three times as long.
const COMPRESSION_LEVEL = 1;

/**
 * Sends spans of one experiment in one request. Returns undefined if they do not fit into one.
 *
 * @param mayBeAtFault see {@link HttpRequest.mayBeAtFault}
 */
export async function sendSpans(
  spans: readonly ReadableSpan[],
  experimentId: string,
  { endpoint, compression, maxRequestBytes, runId, slices }: SendOptions,
  rest: Rest,
  mayBeAtFault: boolean,
): Promise<Sent | undefined> {
  await slices.next();
  const message = await serialize(spans, endpoint, slices);
  if (message === undefined) return { kind: 'rejected', status: 422, reason: say`it cannot be serialized` };
  if (message.byteLength > maxRequestBytes && spans.length > 1) return undefined;
  const isCompressed = compression === 'gzip';
  const body = isCompressed ? await compress(message, { level: COMPRESSION_LEVEL }) : message;
  const recorded = (): Iterable<string> => recordedTexts(spans);
  return postSpans(rest, endpoint, { experimentId, runId, body, gzip: isCompressed, mayBeAtFault, recorded });
}

/** Returns undefined if the serializer fails on a span, which is then dropped like a span that the server refuses. */
async function serialize(
  spans: readonly ReadableSpan[],
  { translate }: OtlpEndpoint,
  slices: Slices,
): Promise<Uint8Array | undefined> {
  try {
    return await slices.run(encodeEach(spans, translate));
  } catch {
    return undefined;
  }
}
