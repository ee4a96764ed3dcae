import { TracerProvider } from '@opentelemetry/sdk-trace';
import { MlflowClient, MlflowError, MlflowSpanExporter, type ReadableSpan } from 'opentelemetry-exporter-mlflow';
import { catalogSchemaIn, type Environment } from '../../common/environment.js';
import { type Failed, type ServerFacts, TEST_TRACE, type TraceFacts, type Wanted } from '../model/facts.js';

const REQUEST_MILLIS = 8_000;
const EXPORT_MILLIS = 15_000;
/** One repetition, for a server that closes an idle connection. */
const RETRY = { maxRetries: 1, initialBackoffMillis: 100 };
const SUCCESS = 0;
/** Of an experiment that does not matter. */
const ANY_EXPERIMENT = '0';

/** Asks the server of the environment for its version, its clock and the configured experiment. Never rejects. */
export async function askServer(env: Environment): Promise<ServerFacts> {
  const wanted = wantedIn(env);
  let client: MlflowClient;
  try {
    client = createClient();
  } catch (error) {
    return { url: '', wanted, failed: failureOf(error) };
  }
  const { url } = client;
  try {
    // This request needs the credentials, which the version does not need everywhere.
    const experiment = await ('name' in wanted
      ? client.getExperimentByName(wanted.name)
      : client.getExperiment('id' in wanted ? wanted.id : ANY_EXPERIMENT)
    ).catch(failureOf);
    const failed = experiment !== undefined && 'message' in experiment ? experiment : undefined;
    if (failed !== undefined && failed.errorCode !== 'RESOURCE_DOES_NOT_EXIST') return { url, wanted, failed };
    const asked = Date.now();
    const { version, time } = await client.getServer().catch(() => ({ version: undefined, time: undefined }));
    // The date of an answer has no fraction of a second.
    const middle = (asked + Date.now()) / 2;
    return {
      url,
      wanted,
      ...(failed === undefined ? {} : { failed }),
      ...(experiment === undefined || 'message' in experiment ? {} : { experiment }),
      ...(version === undefined ? {} : { version }),
      ...(time === undefined ? {} : { clockAheadMillis: time.getTime() + 500 - middle }),
    };
  } finally {
    client.close();
  }
}

function wantedIn(env: Environment): Wanted {
  const variable = (name: string): string | undefined => env[name]?.trim() || undefined;
  const schema = catalogSchemaIn(env);
  if (schema !== undefined) return { schema };
  const id = variable('MLFLOW_TRACING_DESTINATION') ?? variable('MLFLOW_EXPERIMENT_ID');
  if (id !== undefined) return { id };
  return { name: variable('MLFLOW_EXPERIMENT_NAME') ?? 'Default' };
}

/** Writes a trace as the application does, reads it back and deletes it. Never rejects. */
export async function writeTrace(env: Environment): Promise<TraceFacts> {
  const [span] = makeSpan();
  const traceId = `tr-${span?.spanContext().traceId}`;
  const isInCatalog = catalogSchemaIn(env) !== undefined;
  const nothing = { traceId, inDatabase: false, deleted: false, isInCatalog };
  const refused = await send(span === undefined ? [] : [span]);
  if (refused !== undefined) return { ...nothing, refused };
  if (isInCatalog) return nothing;
  const client = createClient();
  try {
    const { info, spans } = await client.getTrace(traceId);
    if (spans.length === 0)
      return { ...nothing, unreadable: { message: `MLflow has trace ${traceId} without its span` } };
    const deleted = await client.deleteTraces(info.experimentId, [traceId]).catch(() => 0);
    const inDatabase = info.tags['mlflow.trace.spansLocation'] === 'TRACKING_STORE';
    return { ...nothing, inDatabase, deleted: deleted > 0 };
  } catch (error) {
    return { ...nothing, unreadable: failureOf(error) };
  } finally {
    client.close();
  }
}

/**
 * Returns which spans of these traces MLflow has. Never rejects.
 *
 * @param traceIds Ids of OpenTelemetry.
 * @param trackingUri Default: that of the environment.
 */
export async function findSpans(
  traceIds: readonly string[],
  trackingUri?: string,
): Promise<{ readonly spanIds: ReadonlySet<string>; readonly experimentId?: string; readonly failed?: Failed }> {
  const spanIds = new Set<string>();
  let experimentId: string | undefined;
  let failed: Failed | undefined;
  let client: MlflowClient;
  try {
    client = createClient(trackingUri);
  } catch (error) {
    // The application may pass an address that nothing can send to.
    return { spanIds, failed: failureOf(error) };
  }
  for (const traceId of traceIds) {
    try {
      const { info, spans } = await client.getTrace(traceId);
      experimentId ??= info.experimentId;
      for (const span of spans) spanIds.add(span.spanId);
    } catch (error) {
      const failure = failureOf(error);
      // A trace that is not there is an answer.
      if (failure.errorCode !== 'RESOURCE_DOES_NOT_EXIST') failed ??= failure;
    }
  }
  client.close();
  return {
    spanIds,
    ...(experimentId === undefined ? {} : { experimentId }),
    ...(failed === undefined ? {} : { failed }),
  };
}

function createClient(trackingUri?: string): MlflowClient {
  const address = trackingUri === undefined ? {} : { trackingUri };
  return new MlflowClient({
    ...address,
    timeoutMillis: REQUEST_MILLIS,
    attemptTimeoutMillis: REQUEST_MILLIS,
    retry: RETRY,
  });
}

/** A span of a tracer provider that nothing else uses, so that no sampler and no other processor drops it. */
function makeSpan(): ReadableSpan[] {
  const spans: ReadableSpan[] = [];
  const provider = new TracerProvider({
    spanProcessors: [
      {
        onStart() {},
        onEnd: (span) => void spans.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  // A span with a type passes every filter.
  const attributes = { 'mlflow.spanType': 'TASK' };
  provider.getTracer(TEST_TRACE).startSpan(TEST_TRACE, { root: true, attributes }).end();
  return spans;
}

async function send(spans: ReadableSpan[]): Promise<Failed | undefined> {
  let exporter: MlflowSpanExporter;
  try {
    exporter = new MlflowSpanExporter({ timeoutMillis: EXPORT_MILLIS, retry: RETRY });
  } catch (error) {
    return failureOf(error);
  }
  const failed = await new Promise<Failed | undefined>((resolve) => {
    exporter.export(spans, ({ code, error }) => resolve(code === SUCCESS ? undefined : failureOf(error)));
  });
  await exporter.shutdown();
  return failed;
}

function failureOf(error: unknown): Failed {
  if (!(error instanceof MlflowError)) return { message: 'The request to MLflow failed unexpectedly' };
  const { message, status, errorCode } = error;
  return { message, ...(status === undefined ? {} : { status }), ...(errorCode === undefined ? {} : { errorCode }) };
}
