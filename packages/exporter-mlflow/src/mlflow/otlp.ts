import { runningTime } from '../common/running-time.js';
import type { ReadableSpan } from '../common/sdk-types.js';
import { type ShownText, say } from '../common/shown-text.js';
import { pause } from '../common/waiting.js';
import type { HttpRequest } from '../http/exchange/request.js';
import { explainRefusal, isAboutRoute } from './otlp-refusal.js';
import { type PartialSuccess, readPartialSuccess } from './partial-success.js';
import type { Rest, RestResult } from './rest.js';

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
  /** Whether a trace can be a record and a file instead, as long as the server lacks this route. */
  readonly isOptional: boolean;
}

/** The route of every MLflow server from 3.4 on. */
export const MLFLOW_OTLP: OtlpEndpoint = {
  path: say`/v1/traces`,
  headers: ({ experimentId, runId }) => ({
    'x-mlflow-experiment-id': experimentId,
    ...(runId === undefined ? {} : { 'x-mlflow-run-id': runId }),
  }),
  isOptional: true,
};

/** Spans of one experiment, serialized. */
interface SpanUpload {
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

const PAUSE_MILLIS = 500;
const LOOK_MILLIS = 3_000;
/** A resource without spans, in protobuf. MLflow answers "no spans found" to a request without a resource. */
const NO_SPANS = Uint8Array.of(0x0a, 0x00);

/**
 * Uploads spans. The value is undefined if the server took all of them without a comment. Fails with `unsupported` only if
 * the server certainly lacks an optional route, or something in front of it blocks the route. The reason says what to do.
 */
export async function postSpans(
  rest: Rest,
  endpoint: OtlpEndpoint,
  upload: SpanUpload,
): Promise<RestResult<PartialSuccess | undefined>> {
  const { body, gzip, mayBeAtFault, recorded } = upload;
  const headers = { ...headersOf(endpoint, upload), ...(gzip ? { 'content-encoding': 'gzip' } : {}) };
  const request = {
    method: 'POST',
    path: endpoint.path,
    headers,
    body,
    beginningOnly: true,
    mayBeAtFault,
    recorded,
  } as const;
  for (let looks = 1; ; looks++) {
    const outcome = await rest.send(request);
    if (outcome.kind === 'success')
      return { kind: 'success', value: readPartialSuccess(outcome, (text) => rest.show(text, recorded)) };
    if (!endpoint.isOptional || !isAboutRoute(outcome, rest)) return outcome;
    const takesOthers = (): Promise<boolean> => takesSpans(rest, endpoint, upload);
    const {
      failure,
      needsLooks = 1,
      uncertain,
      isOutage,
    } = await explainRefusal(rest, endpoint.path, outcome, takesOthers);
    if (isOutage) looks = 0;
    if (looks >= needsLooks) return failure;
    if (runningTime() + PAUSE_MILLIS >= rest.limit.deadline) return uncertain ?? failure;
    await pause(PAUSE_MILLIS, rest.limit.signal);
  }
}

/** Whether the server has the route, by an upload without spans. True also for a server that then takes no spans (501). */
export async function takesSpans(
  rest: Rest,
  endpoint: OtlpEndpoint,
  destination: Pick<SpanUpload, 'experimentId' | 'runId'>,
): Promise<boolean> {
  const headers = headersOf(endpoint, destination);
  const { kind } = await rest
    .withTime(LOOK_MILLIS)
    .send({ method: 'POST', path: endpoint.path, headers, body: NO_SPANS, once: true, beginningOnly: true });
  // A refusal in MLflow's words comes from behind the route, too.
  return kind === 'success' || kind === 'rejected';
}

function headersOf(
  endpoint: OtlpEndpoint,
  destination: Pick<SpanUpload, 'experimentId' | 'runId'>,
): Record<string, string> {
  return { 'content-type': 'application/x-protobuf', ...endpoint.headers(destination) };
}
