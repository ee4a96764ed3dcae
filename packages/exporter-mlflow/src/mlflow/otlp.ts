import { BinaryReader } from '@bufbuild/protobuf/wire';
import { isRecord, parseJson } from '../common/json.js';
import { runningTime } from '../common/running-time.js';
import type { ReadableSpan } from '../common/sdk-types.js';
import { type ShownText, say } from '../common/shown-text.js';
import { pause } from '../common/waiting.js';
import type { Failure, Success } from '../http/exchange/outcome.js';
import type { HttpRequest } from '../http/exchange/request.js';
import type { Rest, RestResult } from './rest.js';
import { getServer } from './server.js';

/** A route that takes spans by OTLP. */
export interface OtlpEndpoint {
  /** Below the tracking URI, with a leading slash. */
  readonly path: ShownText;
  /** Headers that say where the spans belong. */
  headers(upload: Pick<SpanUpload, 'experimentId' | 'runId'>): Record<string, string>;
  /** The span as this route needs it. Default: as it was recorded. */
  translate?(span: ReadableSpan): ReadableSpan;
  /** Default of the option `compression`. Default: `gzip`. */
  readonly compression?: 'none';
}

/** The route of every MLflow server from 3.4 on. */
export const MLFLOW_OTLP: OtlpEndpoint = {
  path: say`/v1/traces`,
  headers: ({ experimentId, runId }) => ({
    'x-mlflow-experiment-id': experimentId,
    ...(runId === undefined ? {} : { 'x-mlflow-run-id': runId }),
  }),
};

/** Spans of one experiment, serialized. */
export interface SpanUpload {
  experimentId: string;
  /** Links the traces to this run. MLflow only does this for traces whose root is in the upload. */
  runId: string | undefined;
  /** OTLP/protobuf. */
  body: Uint8Array;
  /** Whether `body` is compressed. */
  gzip: boolean;
  /** See {@link HttpRequest.mayBeAtFault}. */
  mayBeAtFault: boolean;
  /** See {@link HttpRequest.recorded}. */
  recorded: () => Iterable<string>;
}

/**
 * Parts of an answer with status 200, by https://opentelemetry.io/docs/specs/otlp/#partial-success-1. MLflow itself
 * never sends them, but a gateway before it may.
 */
export interface PartialSuccess {
  /** How many spans the server rejected, without saying which. They must not be sent again. 0 for a mere warning. */
  rejected: number;
  message: ShownText;
}

const FIRST_VERSION_WITH_OTLP = [3, 4] as const;
const PAUSE_MILLIS = 500;
/**
 * How often in a row the route must be missing while the API works. A load balancer without a server behind it answers
 * 404 as old servers do, and a short outage must not switch a process to artifacts for good.
 */
const LOOKS = { unknown: 2, new: 5 };

/**
 * Uploads spans by OTLP. The value is undefined if the server took all of them without a comment. Fails with
 * `unsupported` only if the server certainly has no OTLP route, or a gateway keeps it away. The reason says what to do
 * then. Status 501 is MLflow's own answer.
 */
export async function postSpans(
  rest: Rest,
  endpoint: OtlpEndpoint,
  upload: SpanUpload,
): Promise<RestResult<PartialSuccess | undefined>> {
  const { path } = endpoint;
  const headers: Record<string, string> = {
    'content-type': 'application/x-protobuf',
    ...endpoint.headers(upload),
    ...(upload.gzip ? { 'content-encoding': 'gzip' } : {}),
  };
  const { body, mayBeAtFault, recorded } = upload;
  const request = { method: 'POST', path, headers, body, beginningOnly: true, mayBeAtFault, recorded } as const;
  for (let looks = 1; ; looks++) {
    const outcome = await rest.send(request);
    if (outcome.kind === 'success')
      return { kind: 'success', value: readPartialSuccess(outcome, (text) => rest.show(text, recorded)) };
    if (outcome.foreign && (await hasApi(rest))) return { ...outcome, reason: describeGateway(rest, path, outcome) };
    if (outcome.kind !== 'unsupported') return outcome;
    const version = outcome.status === 501 ? 'old' : await findVersion(rest);
    if (version === 'old') return { ...outcome, reason: describeOldServer(outcome) };
    // During an outage, the API does not answer either.
    const isBlocked = await hasApi(rest);
    if (!isBlocked) looks = 0;
    const reason = isBlocked ? describeGateway(rest, path, outcome) : outcome.reason;
    if (looks >= LOOKS[version]) return { ...outcome, reason: say`${reason} ${CONSEQUENCE}` };
    if (runningTime() + PAUSE_MILLIS >= rest.limit.deadline) return { ...outcome, kind: 'retryable', reason };
    await pause(PAUSE_MILLIS, rest.limit.signal);
  }
}

const CONSEQUENCE = say`Until this process starts again, traces are stored as artifacts, without cost and search by span.`;

function describeOldServer({ status = 0 }: Failure): ShownText {
  return say`MLflow has no OTLP route here (${status}), so traces are stored as artifacts, without cost and search by span: use MLflow >= 3.4 on a database.`;
}

function describeGateway({ url }: Rest, path: ShownText, { status = 0, foreign = say`${status}` }: Failure): ShownText {
  return say`${url} does not let ${path} through (${foreign}), although MLflow answers below /api: let the gateway or proxy before MLflow pass POST requests to ${path}.`;
}

async function findVersion(rest: Rest): Promise<'old' | keyof typeof LOOKS> {
  const server = await getServer(rest);
  const [, major, minor] = (server.kind === 'success' && /^(\d+)\.(\d+)\./.exec(server.value.version ?? '')) || [];
  if (major === undefined) return 'unknown';
  const [firstMajor, firstMinor] = FIRST_VERSION_WITH_OTLP;
  const isOld = Number(major) < firstMajor || (Number(major) === firstMajor && Number(minor) < firstMinor);
  return isOld ? 'old' : 'new';
}

async function hasApi(rest: Rest): Promise<boolean> {
  const api = await rest.send({ method: 'GET', path: '/api/2.0/mlflow/experiments/search?max_results=1' });
  return api.kind === 'success' && /json/i.test(api.contentType);
}

/** Undefined if the server took all spans and has nothing to say, or if it does not speak OTLP. */
function readPartialSuccess(
  { bytes, contentType }: Success,
  show: (text: string) => ShownText,
): PartialSuccess | undefined {
  if (!bytes?.byteLength) return undefined;
  const partial = decode(bytes, contentType);
  if (!isRecord(partial)) return undefined;
  // In JSON, a number of 64 bits is text.
  const rejected = Math.max(Number(partial['rejectedSpans']) || 0, 0);
  const message = show(typeof partial['errorMessage'] === 'string' ? partial['errorMessage'] : '');
  return rejected > 0 || message !== '' ? { rejected, message } : undefined;
}

function decode(answer: Uint8Array, contentType: string): unknown {
  if (/^application\/json/i.test(contentType)) {
    const parsed = parseJson(new TextDecoder().decode(answer));
    return isRecord(parsed) ? parsed['partialSuccess'] : undefined;
  }
  if (!/^application\/x-protobuf/i.test(contentType)) return undefined;
  try {
    return decodePartialSuccess(answer);
  } catch {
    return undefined;
  }
}

/** @throws Error if the bytes are no whole message of OTLP's `ExportTraceServiceResponse` */
function decodePartialSuccess(answer: Uint8Array): unknown {
  const reader = new BinaryReader(answer);
  let partial: { rejectedSpans: number; errorMessage: string } | undefined;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field !== 1) {
      reader.skip(wireType, field);
      continue;
    }
    partial ??= { rejectedSpans: 0, errorMessage: '' };
    const end = reader.uint32() + reader.pos;
    while (reader.pos < end) {
      const [member, type] = reader.tag();
      if (member === 1) partial.rejectedSpans = Number(reader.int64());
      else if (member === 2) partial.errorMessage = reader.string();
      else reader.skip(type, member);
    }
  }
  return partial;
}
