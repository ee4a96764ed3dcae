import { getHeapStatistics } from 'node:v8';
import type { MeterProvider } from '@opentelemetry/api';
import { MlflowError } from './common/error.js';
import { ownText } from './common/shown-text.js';
import type { ExperimentSetting } from './export/experiment.js';
import { resolveSpanRoute } from './export/routes/routes.js';
import type { SpanRoute } from './export/routes/span-route.js';
import type { SpanFilter as MlflowSpanFilter } from './export/span/filter.js';
import type { Mask as MlflowMask } from './export/span/mask.js';
import { type ResolvedConnection, resolveConnection } from './http/connection.js';
import type { MlflowConnectionConfig } from './http/settings/config.js';
import { readEnvironment } from './http/settings/environment.js';
import { requireHeaderValue } from './http/settings/header.js';
import { requireCatalog, resolveExperiment, resolveTracingDestination } from './tracing-destination.js';

/**
 * Options of {@link MlflowSpanExporter}. All are optional: by default, spans go to `http://localhost:5000`, experiment
 * `Default`. An option in code wins over its environment variable. An empty variable counts as unset.
 */
export interface MlflowSpanExporterConfig extends MlflowConnectionConfig {
  /**
   * Experiment that receives the traces, by name. The exporter creates a missing one. At Databricks, names are paths such
   * as `/Users/<user name>/<name>`, and there is no default. Environment: `MLFLOW_EXPERIMENT_NAME`.
   *
   * @defaultValue `Default`
   */
  experimentName?: string;
  /**
   * Experiment that receives the traces, by its numeric id. It must exist. Wins over `experimentName`.
   * Environment: `MLFLOW_EXPERIMENT_ID`.
   *
   * @defaultValue none
   */
  experimentId?: string;
  /**
   * Schema of Databricks' Unity Catalog that receives the traces, as `<catalog>.<schema>`, or an experiment by its id.
   * Environment: `MLFLOW_TRACING_DESTINATION`.
   *
   * @remarks It wins over experiments in the same place, and a schema wins over all of them.
   *
   * @defaultValue none
   */
  tracingDestination?: string;
  /**
   * MLflow run to which every trace is linked. Environment: `MLFLOW_RUN_ID`.
   *
   * @defaultValue none
   */
  runId?: string;
  /**
   * Compression of uploaded spans: `gzip` or `none`.
   *
   * @remarks The level is 1, which takes half the time of the usual one for conversations that are little larger.
   *
   * @defaultValue `gzip`; `none` for Amazon SageMaker and Unity Catalog
   */
  compression?: 'gzip' | 'none';
  /**
   * Size of one upload before compression, in bytes. The exporter splits a larger batch. A larger span goes alone.
   *
   * @remarks Serializing blocks the event loop for about 10 ms per megabyte.
   *
   * @defaultValue `4194304` (4 MiB)
   */
  maxRequestBytes?: number;
  /**
   * Requests to MLflow at the same time, of all exports together; at least 1.
   *
   * @defaultValue `4`
   */
  concurrencyLimit?: number;
  /**
   * How much memory spans may occupy while they wait, in bytes. Beyond it, the oldest lose their content and keep their
   * figures. Environment: `MLFLOW_TRACE_MAX_WAITING_BYTES`.
   *
   * @remarks The spans in the queue of a {@link MlflowSpanProcessor} and those in exports under way count. Spans are dropped
   * only if that is not enough. One byte is counted for each character; texts beyond Latin-1 occupy up to twice as much.
   *
   * @defaultValue an eighth of V8's heap limit, at most `268435456` (256 MiB)
   */
  maxWaitingBytes?: number;
  /**
   * `full`: each trace also gets a record with what spans cannot express (readable previews, client request id, metadata,
   * source, user). `otlp-only`: one request per batch and nothing else. With `experimentId`, `trackingUri` may then be
   * that of an OpenTelemetry Collector.
   *
   * @defaultValue `full`
   */
  traceInfo?: 'full' | 'otlp-only';
  /**
   * Which spans go to MLflow: `all`, `gen_ai` (those of generative AI), or a function that returns true for each span to
   * send. Environment: `MLFLOW_SPAN_FILTER`, `all` or `gen_ai`.
   *
   * @remarks `gen_ai` means spans of models, tools, agents and retrieval by any convention that MLflow knows, and spans with
   * `gen_ai.*` or `mlflow.*` attributes. If the function throws or returns a promise, the span is sent and `diag` logs the
   * error once.
   *
   * @defaultValue `all`
   */
  spanFilter?: MlflowSpanFilter;
  /**
   * Replaces recorded values before they go to MLflow, for spans of any instrumentation. Returns the value to send, or
   * undefined for none.
   *
   * @remarks Called with each attribute of a span, its events and links, with each attribute of its resource once, and with
   * the message of its status as `otel.status_description`. If it throws or returns a promise, the value is left out and
   * `diag` logs the error once.
   *
   * @defaultValue none
   */
  mask?: MlflowMask;
  /**
   * Where the exporter reads the prices of models, for MLflow servers of SageMaker and Databricks, which do not compute
   * cost. Empty: no cost. Environment: `MLFLOW_MODEL_CATALOG_URI`; if it is set but empty, that counts.
   *
   * @remarks The address of a folder with a file for each provider, such as `bedrock.json`: `https:`, `http:` or `file:`.
   * With any other server, the exporter reads no prices.
   *
   * @defaultValue MLflow's releases on GitHub
   */
  modelCatalogUri?: string;
  /**
   * How long prices are in use before the exporter reads them again, in seconds. `0`: it does not keep them.
   * Environment: `MLFLOW_MODEL_CATALOG_CACHE_TTL`.
   *
   * @defaultValue `86400` (a day)
   */
  modelCatalogTtlSeconds?: number;
  /**
   * Receives metrics about the exporter itself, such as `otel.sdk.exporter.span.exported`.
   *
   * @defaultValue none
   */
  meterProvider?: MeterProvider;
}

/** The validated options, with environment and defaults applied. */
export interface ResolvedConfig {
  connection: ResolvedConnection;
  /** How spans get to the server. */
  route: SpanRoute;
  experiment: ExperimentSetting;
  runId: string | undefined;
  compression: 'gzip' | 'none';
  maxRequestBytes: number;
  concurrencyLimit: number;
  maxWaitingBytes: number;
  traceInfo: 'full' | 'otlp-only';
  spanFilter: MlflowSpanFilter;
  mask: MlflowMask | undefined;
  meterProvider: MeterProvider | undefined;
  /** Absent if the server computes cost, or if the settings want none. */
  modelCatalog?: { uri: string; ttlMillis: number };
}

const DEFAULT_MODEL_CATALOG_URI = 'https://github.com/mlflow/mlflow/releases/download/model-catalog%2Flatest';
const DEFAULT_MODEL_CATALOG_TTL_SECONDS = 86_400;
const DEFAULT_CONCURRENCY_LIMIT = 4;
const DEFAULT_MAX_REQUEST_BYTES = 4 * 1024 * 1024;
// The application itself, and requests under way, need most of the heap.
const WAITING_SHARE_OF_HEAP = 1 / 8;
const MAX_DEFAULT_WAITING_BYTES = 256 * 1024 * 1024;

/** An eighth of the heap limit of this thread, at most 256 MiB. */
export function defaultWaitingBytes(): number {
  const { heap_size_limit: heap } = getHeapStatistics();
  return Math.min(Math.floor(heap * WAITING_SHARE_OF_HEAP), MAX_DEFAULT_WAITING_BYTES);
}

/**
 * Applies environment and defaults.
 *
 * @throws MlflowError that names the option and its valid values
 */
export function resolveConfig(config: MlflowSpanExporterConfig, env: NodeJS.ProcessEnv = process.env): ResolvedConfig {
  const concurrencyLimit = config.concurrencyLimit ?? DEFAULT_CONCURRENCY_LIMIT;
  if (!Number.isInteger(concurrencyLimit) || concurrencyLimit < 1) {
    throw new MlflowError(
      `MLflow exporter: concurrencyLimit is ${concurrencyLimit}, it must be a whole number from 1.`,
    );
  }
  const maxRequestBytes = config.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES;
  if (!(typeof maxRequestBytes === 'number' && maxRequestBytes >= 1)) {
    throw new MlflowError(
      `MLflow exporter: maxRequestBytes is ${maxRequestBytes}, it must be a number of bytes from 1.`,
    );
  }
  const runId = config.runId ?? readEnvironment(env, 'MLFLOW_RUN_ID');
  requireHeaderValue(runId ?? '', 'runId or MLFLOW_RUN_ID');
  const destination = resolveTracingDestination(config, env);
  const { trackingUri, schema } = destination;
  const connection = resolveConnection({ ...config, trackingUri, maxSockets: concurrencyLimit }, env);
  requireCatalog(destination, connection.service);
  const modelCatalog = connection.service === 'mlflow' ? undefined : resolveModelCatalog(config, env);
  const route = resolveSpanRoute({ service: connection.service, schema });
  return {
    connection,
    route,
    experiment: resolveExperiment(config, env, connection.service, destination),
    runId,
    compression: oneOf('compression', config.compression ?? route.otlp?.compression ?? 'gzip', ['gzip', 'none']),
    maxRequestBytes,
    concurrencyLimit,
    maxWaitingBytes: resolveWaitingBytes(config.maxWaitingBytes, env),
    traceInfo: oneOf('traceInfo', config.traceInfo ?? 'full', ['full', 'otlp-only']),
    spanFilter: resolveSpanFilter(config.spanFilter, env),
    mask: resolveMask(config.mask),
    meterProvider: config.meterProvider,
    ...(modelCatalog === undefined ? {} : { modelCatalog }),
  };
}

function resolveModelCatalog(
  config: MlflowSpanExporterConfig,
  env: NodeJS.ProcessEnv,
): ResolvedConfig['modelCatalog'] | undefined {
  const uri = config.modelCatalogUri ?? env['MLFLOW_MODEL_CATALOG_URI'] ?? DEFAULT_MODEL_CATALOG_URI;
  const variable = readEnvironment(env, 'MLFLOW_MODEL_CATALOG_CACHE_TTL');
  const option = config.modelCatalogTtlSeconds ?? variable ?? DEFAULT_MODEL_CATALOG_TTL_SECONDS;
  const seconds = Number(option);
  if (!(seconds >= 0)) {
    throw new MlflowError(
      `MLflow exporter: modelCatalogTtlSeconds or MLFLOW_MODEL_CATALOG_CACHE_TTL is ${option}, it must be a number of seconds from 0.`,
    );
  }
  return uri.trim() === '' ? undefined : { uri, ttlMillis: seconds * 1000 };
}

function resolveWaitingBytes(option: number | undefined, env: NodeJS.ProcessEnv): number {
  const variable = readEnvironment(env, 'MLFLOW_TRACE_MAX_WAITING_BYTES');
  const bytes = option ?? (variable === undefined ? defaultWaitingBytes() : Number(variable));
  if (typeof bytes === 'number' && bytes >= 1) return bytes;
  throw new MlflowError(
    `MLflow exporter: maxWaitingBytes or MLFLOW_TRACE_MAX_WAITING_BYTES is ${option ?? variable}, it must be a number of bytes from 1.`,
  );
}

function resolveSpanFilter(option: MlflowSpanFilter | undefined, env: NodeJS.ProcessEnv): MlflowSpanFilter {
  if (typeof option === 'function') return option;
  if (option !== undefined) return oneOf('spanFilter', option, ['all', 'gen_ai'], ' or a function');
  return oneOf('MLFLOW_SPAN_FILTER', readEnvironment(env, 'MLFLOW_SPAN_FILTER') ?? 'all', ['all', 'gen_ai']);
}

function resolveMask(option: MlflowMask | undefined): MlflowMask | undefined {
  if (option === undefined || typeof option === 'function') return option;
  throw new MlflowError(`MLflow exporter: mask is of type ${typeof option}, it must be a function.`);
}

function oneOf<const T extends string>(option: string, value: string, allowed: readonly T[], other = ''): T {
  const known = allowed.find((one) => one === value);
  if (known !== undefined) return known;
  throw new MlflowError(
    `MLflow exporter: ${option} is "${ownText(value)}", it must be one of: ${allowed.join(', ')}${other}.`,
  );
}
